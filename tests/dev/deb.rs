//! `cargo package-deb`: binary, plugins, units, man pages and completions as a Debian package.
//!
//! dpkg-deb and dpkg-shlibdeps do what is Debian's; nothing has to be installed from elsewhere for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guests;
use crate::place::Place;
use crate::step::{Failed, answer, run};
use crate::tree::{Mode, Tree, failed, folder, printed};

/// Which binary is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Build {
    /// Built now, optimised across crates: ten minutes.
    Release,
    /// The one that `cargo verify` has built and the tests run, as it is.
    Dev,
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Wish {
    build: Build,
    version: String,
    out: Option<PathBuf>,
}

impl Wish {
    /// Reads the options; `None` if one is unknown or lacks its value.
    pub(crate) fn read(words: &[String]) -> Option<Self> {
        let mut wish = Self {
            build: Build::Release,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            out: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--dev" => wish.build = Build::Dev,
                "--version" => wish.version = words.next()?.clone(),
                "--out" => wish.out = Some(PathBuf::from(words.next()?)),
                _ => return None,
            }
        }
        Some(wish)
    }
}

/// Files of the workspace, and where they are installed.
const FILES: [(&str, &str); 19] = [
    ("systemd/provost.service", UNITS),
    ("systemd/provost.socket", UNITS),
    ("systemd/provost-http.socket", UNITS),
    ("systemd/provost-backup.service", UNITS),
    ("systemd/provost-backup.timer", UNITS),
    ("systemd/provost-audit.service", UNITS),
    ("systemd/provost-audit.timer", UNITS),
    (
        "systemd/provost.sysusers.conf",
        "usr/lib/sysusers.d/provost.conf",
    ),
    (
        "systemd/provost.tmpfiles.conf",
        "usr/lib/tmpfiles.d/provost.conf",
    ),
    ("config/installed.toml", "etc/provost/provost.toml"),
    ("config/provost.toml", EXAMPLES),
    ("config/sample-district.toml", EXAMPLES),
    ("config/monitoring/README.md", MONITORING),
    ("config/monitoring/alerts.yaml", MONITORING),
    ("config/monitoring/dashboard.json", MONITORING),
    ("systemd/notify-reload.conf", EXAMPLES),
    ("systemd/debian/copyright", DOC),
    ("systemd/threats.md", DOC),
    ("README.md", DOC),
];
const UNITS: &str = "usr/lib/systemd/system/";
const EXAMPLES: &str = "usr/share/doc/provost/examples/";
const MONITORING: &str = "usr/share/doc/provost/examples/monitoring/";
const DOC: &str = "usr/share/doc/provost/";
const BINARY: &str = "usr/bin/provost";

/// Where each shell looks for the completions of packages.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/provost"),
    ("zsh", "usr/share/zsh/vendor-completions/_provost"),
    ("fish", "usr/share/fish/vendor_completions.d/provost.fish"),
];

/// Scripts that dpkg runs.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Builds the package and prints its path.
pub(crate) fn build(place: &Place, wish: &Wish) -> Result<(), Failed> {
    let binary = built(place, wish.build)?;
    let out = wish.out.clone().unwrap_or_else(|| place.scratch("debian"));
    folder(&out)?;
    let moment = Moment::of(place)?;
    let tree = Tree::empty(out.join("provost"))?;
    lay_out(place, &binary, &tree)?;
    documents(&binary, &tree)?;
    foundations(place, &tree)?;
    changelog(&wish.version, &moment, &tree)?;
    let architecture = text(printed(Command::new("dpkg").arg("--print-architecture"))?);
    control(place, &out, &tree, &wish.version, &architecture)?;
    let package = out.join(format!("provost_{}_{architecture}.deb", wish.version));
    pack(&tree, wish.build, &moment, &package)?;
    println!("{}", package.display());
    Ok(())
}

/// The binary, with the plugins beside it up to date.
fn built(place: &Place, build: Build) -> Result<PathBuf, Failed> {
    match build {
        Build::Release => {
            guests::toolchain()?;
            run(place.cargo().args(["build", "--release", "-p", "provost"]))?;
            run(place.cargo().args(["build", "-p", "provost-supply"]))?;
            guests::build(place, &place.release())?;
            Ok(place.release())
        }
        Build::Dev => {
            let binary = place.binary();
            let plugins = guests::PLUGINS.map(|plugin| place.component(plugin));
            for path in plugins.iter().chain([&binary, &place.supply()]) {
                if !path.exists() {
                    return Err(Failed::because(format!(
                        "{} is missing: `cargo verify` and `cargo demo --once` build it",
                        path.display()
                    )));
                }
            }
            Ok(binary)
        }
    }
}

/// Binary, plugins and the workspace's files at their places.
fn lay_out(place: &Place, binary: &Path, tree: &Tree) -> Result<(), Failed> {
    let installed = tree.room(BINARY)?;
    let mut strip = Command::new("strip");
    strip.args(["--strip-unneeded", "-o"]);
    run(strip.arg(&installed).arg(binary))?;
    for plugin in guests::PLUGINS {
        let to = format!("usr/lib/provost/plugins/{plugin}.wasm");
        tree.copy(&place.component(plugin), &to, Mode::Data)?;
    }
    for (from, to) in FILES {
        let from = place.root().join(from);
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let to = match to.strip_suffix('/') {
            Some(folder) => format!("{folder}/{name}"),
            None => to.to_owned(),
        };
        tree.copy(&from, &to, Mode::Data)?;
    }
    Ok(())
}

/// Completions and man pages, as the binary itself writes them.
fn documents(binary: &Path, tree: &Tree) -> Result<(), Failed> {
    for (shell, to) in COMPLETIONS {
        let script = printed(Command::new(binary).args(["completions", shell]))?;
        tree.write(to, &script, Mode::Data)?;
    }
    let pages = tree.room("usr/share/man/man1/provost.1")?;
    let pages = pages.parent().unwrap_or(tree.root()).to_owned();
    run(Command::new(binary).arg("man").arg(&pages))?;
    for page in fs::read_dir(&pages).map_err(failed("read", &pages))? {
        let page = page.map_err(failed("read", &pages))?;
        let content = zipped(&page.path())?;
        let name = page.file_name();
        let to = format!("usr/share/man/man1/{}.gz", name.to_string_lossy());
        tree.write(&to, &content, Mode::Data)?;
        fs::remove_file(page.path()).map_err(failed("remove", &page.path()))?;
    }
    Ok(())
}

/// What the binary and the plugins are linked with: a bill of materials, and the licences.
fn foundations(place: &Place, tree: &Tree) -> Result<(), Failed> {
    for (word, name) in [("bill", "provost.cdx.json"), ("licences", "licences")] {
        let plain = format!("{DOC}{name}");
        let mut supply = Command::new(place.supply());
        let text = printed(supply.current_dir(place.root()).arg(word))?;
        tree.write(&plain, &text, Mode::Data)?;
        let path = tree.room(&plain)?;
        tree.write(&format!("{plain}.gz"), &zipped(&path)?, Mode::Data)?;
        fs::remove_file(&path).map_err(failed("remove", &path))?;
    }
    Ok(())
}

/// A file's content compressed as Debian wants it, without a name or a time in it.
fn zipped(path: &Path) -> Result<Vec<u8>, Failed> {
    printed(Command::new("gzip").args(["-9", "-n", "-c"]).arg(path))
}

/// When what is packed was written: the last commit's time, so that the same sources give the same package.
struct Moment {
    /// Seconds since 1970, as `SOURCE_DATE_EPOCH` wants them.
    seconds: String,
    /// The same as Debian's changelogs write it.
    date: String,
}

impl Moment {
    fn of(place: &Place) -> Result<Self, Failed> {
        let mut git = Command::new("git");
        git.current_dir(place.root());
        let committed = answer(git.args(["log", "-1", "--format=%ct"]));
        // A tree without its history is as new as it can be.
        let seconds = match committed.filter(|seconds| !seconds.is_empty()) {
            Some(seconds) => seconds,
            None => text(printed(Command::new("date").arg("+%s"))?),
        };
        let at = format!("@{seconds}");
        let date = printed(Command::new("date").args(["--utc", "-R", "-d"]).arg(at))?;
        Ok(Self {
            seconds,
            date: text(date),
        })
    }
}

fn changelog(version: &str, moment: &Moment, tree: &Tree) -> Result<(), Failed> {
    let text = format!(
        "provost ({version}) unstable; urgency=medium\n\n  * Version {version}.\n\n -- {MAINTAINER}  {}\n",
        moment.date
    );
    let plain = format!("{DOC}changelog");
    tree.write(&plain, text.as_bytes(), Mode::Data)?;
    let path = tree.room(&plain)?;
    tree.write(&format!("{plain}.gz"), &zipped(&path)?, Mode::Data)?;
    fs::remove_file(&path).map_err(failed("remove", &path))
}

/// As in `systemd/debian/control`.
const MAINTAINER: &str = "The Provost maintainers <maintainers@provost.example>";

/// What dpkg reads: control file, conffiles, checksums and scripts.
fn control(
    place: &Place,
    out: &Path,
    tree: &Tree,
    version: &str,
    architecture: &str,
) -> Result<(), Failed> {
    let sources = place.root().join("systemd/debian");
    let conffiles = read(&sources.join("conffiles"))?;
    let is_configuration = |file: &Path| {
        conffiles
            .lines()
            .any(|line| line.trim_start_matches('/') == file.to_string_lossy())
    };
    let mut files = tree.files()?;
    files.retain(|file| !is_configuration(file));
    let mut md5sum = Command::new("md5sum");
    let sums = printed(md5sum.current_dir(tree.root()).args(&files))?;
    let control = read(&sources.join("control"))?
        .replace("@VERSION@", version)
        .replace("@ARCHITECTURE@", architecture)
        .replace("@LIBRARIES@", &libraries(out, tree)?)
        .replace("@KILOBYTES@", &tree.kilobytes()?.to_string());
    tree.write("DEBIAN/md5sums", &sums, Mode::Data)?;
    tree.write("DEBIAN/control", control.as_bytes(), Mode::Data)?;
    tree.write("DEBIAN/conffiles", conffiles.as_bytes(), Mode::Data)?;
    for script in SCRIPTS {
        let to = format!("DEBIAN/{script}");
        tree.copy(&sources.join(script), &to, Mode::Program)?;
    }
    Ok(())
}

/// The packages of the libraries that the binary is linked with, and from which version on they have what it needs.
fn libraries(out: &Path, tree: &Tree) -> Result<String, Failed> {
    // dpkg-shlibdeps wants a source package around it.
    let source = out.join("debian");
    folder(&source)?;
    let control = source.join("control");
    fs::write(
        &control,
        "Source: provost\n\nPackage: provost\nArchitecture: any\n",
    )
    .map_err(failed("write", &control))?;
    let mut ask = Command::new("dpkg-shlibdeps");
    ask.current_dir(out).arg("-O").arg("-e");
    let said = text(printed(ask.arg(tree.root().join(BINARY)))?);
    let libraries = said.strip_prefix("shlibs:Depends=").map(str::to_owned);
    libraries.ok_or_else(|| Failed::because(format!("dpkg-shlibdeps names no libraries: {said}")))
}

fn pack(tree: &Tree, build: Build, moment: &Moment, package: &Path) -> Result<(), Failed> {
    let mut pack = Command::new("dpkg-deb");
    pack.env("SOURCE_DATE_EPOCH", &moment.seconds);
    pack.args(["--build", "--root-owner-group"]);
    if build == Build::Dev {
        // It is installed once by a test and thrown away.
        pack.arg("-Znone");
    }
    run(pack.arg(tree.root()).arg(package))
}

fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path).map_err(failed("read", path))
}

/// What a program printed, as one line of text.
fn text(printed: Vec<u8>) -> String {
    String::from_utf8_lossy(&printed).trim().to_owned()
}
