// Turns a plugin's module into a component that imports nothing: every feature that would need the system is left out.
// Run by `provost plugin build` with: the toolchain's folder, the module, the folder of the WIT, the world, the output.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [toolchain, sourcePath, witPath, worldName, out] = process.argv.slice(2);
const { exports } = JSON.parse(readFileSync(join(toolchain, "package.json"), "utf8"));
const { componentize } = await import(pathToFileURL(join(toolchain, exports.import)).href);
const disableFeatures = ["stdio", "random", "clocks", "http", "fetch-event"];
try {
  const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
  writeFileSync(out, component);
} catch (error) {
  // What is wrong with the plugin; where the toolchain noticed it helps nobody.
  console.error(error.message ?? error);
  process.exitCode = 1;
}
