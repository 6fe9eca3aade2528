//! `provost plugin new`, `build`, `test`, `run`, `bench` and `inspect`: what a plugin's author types.

use provost_core::id::PluginId;
use provost_sandbox::Plugin;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use super::args::{
    BenchArgs, BuildArgs, CacheArgs, InspectArgs, NewArgs, PluginCommand, ProjectArgs, RunArgs,
    TrialArgs,
};
use super::{CliError, offline, print};
use crate::author::manifest::{Manifest, Wants};
use crate::author::project::Project;
use crate::author::trial::Trial;
use crate::author::{bench, build, run as call, template};
use crate::compile;
use crate::live::chain;
use crate::scenario::simulation::{Shelf, run_files};

/// Runs a command of a plugin's author.
pub(super) fn run(command: &PluginCommand, json: bool) -> Result<ExitCode, CliError> {
    match command {
        PluginCommand::New(args) => new(args),
        PluginCommand::Build(args) => match (&args.module, &args.out) {
            (Some(module), Some(out)) => encode(module, out),
            _ => build(args, json),
        },
        PluginCommand::Test(args) => test(args, json),
        PluginCommand::Run(args) => run_once(args),
        PluginCommand::Bench(args) => bench(args, json),
        PluginCommand::Inspect(args) => inspect(args, json),
    }
}

fn failed<E: std::error::Error + Send + Sync + 'static>(
    what: impl Into<String>,
) -> impl FnOnce(E) -> CliError {
    let what = what.into();
    move |source| CliError::Other {
        what,
        source: source.into(),
    }
}

fn trial(cache: &CacheArgs) -> Result<Trial, CliError> {
    Trial::new(cache.folder().as_deref(), compile::apart()).map_err(failed("set up the sandbox"))
}

fn open(args: &ProjectArgs) -> Result<Project, CliError> {
    Project::open(&args.project).map_err(failed("open the project"))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|source| CliError::File {
        what: "read",
        path: path.to_owned(),
        source,
    })
}

fn new(args: &NewArgs) -> Result<ExitCode, CliError> {
    let id = &args.name.0;
    let folder = args.into.join(id.as_str());
    let written = template::write(&folder, id, args.kind, args.lang)
        .map_err(failed(format!("begin plugin {id}")))?;
    for file in written {
        println!("{}", folder.join(file).display());
    }
    println!(
        "\nnext: cd {}; provost plugin build; provost plugin test",
        folder.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn build(args: &BuildArgs, json: bool) -> Result<ExitCode, CliError> {
    let project = open(&args.project)?;
    let trial = trial(&args.project.cache)?;
    let what = format!("build plugin {}", project.manifest.id);
    let built = build::build(&project, &trial).map_err(failed(what))?;
    let shown = json!({
        "file": built.path,
        "kind": built.plugin.kind().to_string(),
        "version": project.manifest.version.to_string(),
        "bytes": built.bytes,
        "hash": built.plugin.digest().as_str(),
    });
    fields(&shown, &["file", "kind", "version", "bytes", "hash"], json);
    Ok(ExitCode::SUCCESS)
}

/// A core module alone, as first-party plugins are built.
fn encode(module: &Path, out: &Path) -> Result<ExitCode, CliError> {
    let component = provost_sandbox::encode(&read(module)?, None).map_err(failed(format!(
        "turn {} into a component",
        module.display()
    )))?;
    let written = |what, path: &Path| {
        let path = path.to_owned();
        move |source| CliError::File { what, path, source }
    };
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).map_err(written("create", folder))?;
    }
    std::fs::write(out, &component).map_err(written("write", out))?;
    println!("{}: {} bytes", out.display(), component.len());
    Ok(ExitCode::SUCCESS)
}

fn test(args: &TrialArgs, json: bool) -> Result<ExitCode, CliError> {
    let project = open(&args.project)?;
    let testing = || format!("test plugin {}", project.manifest.id);
    let files = match args.files.is_empty() {
        true => project.scenarios().map_err(failed(testing()))?,
        false => args.files.clone(),
    };
    if files.is_empty() {
        return Err(CliError::Other {
            what: testing(),
            source: "there are no scenario files: write one into the folder scenarios".into(),
        });
    }
    let component = project.component().map_err(failed(testing()))?;
    let trial = trial(&args.project.cache)?;
    let others = offline::plugin_folder(args.plugins.as_deref());
    let own = &project.manifest.id;
    let shelf = Shelf::new(|id: &PluginId| {
        let bytes = match id == own {
            true => component.clone(),
            false => {
                let file = others.join(format!("{id}.wasm"));
                std::fs::read(&file).map_err(|why| {
                    format!(
                        "plugin {id} is neither this project's ({own}) nor {}: {why}",
                        file.display()
                    )
                })?
            }
        };
        trial.load(id, None, &bytes).map_err(|why| chain(&why))
    });
    Ok(offline::told(&run_files(&files, &shelf), json))
}

fn run_once(args: &RunArgs) -> Result<ExitCode, CliError> {
    let (plugin, project) = plugin(args)?;
    let given = given(args, project.as_ref())?;
    let answer = call::call(&plugin, args.call, &given)
        .map_err(failed(format!("call plugin {}", plugin.id())))?;
    print::json(&answer);
    Ok(ExitCode::SUCCESS)
}

/// What the call is given.
fn given(args: &RunArgs, project: Option<&Project>) -> Result<Value, CliError> {
    let describes = args.call == Some(call::Function::Describe);
    let input = match (&args.input, project) {
        (Some(path), _) => text(path)?,
        (None, _) if describes => "null".to_owned(),
        (None, Some(project)) => text(&project.folder.join("call.json"))?,
        (None, None) => text(Path::new("-"))?,
    };
    serde_json::from_str(&input).map_err(failed("read the input as JSON"))
}

fn bench(args: &BenchArgs, json: bool) -> Result<ExitCode, CliError> {
    let (id, component, project) = match &args.call.component {
        Some(file) => (named_after(file)?, read(file)?, None),
        None => {
            let project = open(&args.call.project)?;
            let id = project.manifest.id.clone();
            let what = format!("load plugin {id}");
            let component = project.component().map_err(failed(what))?;
            (id, component, Some(project))
        }
    };
    let given = given(&args.call, project.as_ref())?;
    let call = (args.call.call, &given);
    let figures = bench::measure((&id, &component), call, args.calls, compile::apart())
        .map_err(failed(format!("measure plugin {id}")))?;
    if json {
        print::json(&figures.json());
        return Ok(ExitCode::SUCCESS);
    }
    let columns = [
        ("", "what"),
        ("P50", "p50"),
        ("P99", "p99"),
        ("MOST", "most"),
        ("LIMIT", "limit"),
        ("USED", "used"),
    ];
    print::table(&figures.rows(), &columns);
    Ok(ExitCode::SUCCESS)
}

/// The component that was named, or the project's.
fn plugin(args: &RunArgs) -> Result<(Plugin, Option<Project>), CliError> {
    let trial = trial(&args.project.cache)?;
    if let Some(file) = &args.component {
        return Ok((load(&trial, file, &read(file)?)?, None));
    }
    let project = open(&args.project)?;
    let what = format!("load plugin {}", project.manifest.id);
    let component = project.component().map_err(failed(what.clone()))?;
    let plugin = trial.load(
        &project.manifest.id,
        Some(project.manifest.kind),
        &component,
    );
    Ok((plugin.map_err(failed(what))?, Some(project)))
}

/// A file's text; standard input for `-`.
fn text(path: &Path) -> Result<String, CliError> {
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().read_to_string(&mut text),
        false => std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text)),
    };
    read.map(|_| text).map_err(|source| CliError::File {
        what: "read",
        path: path.to_owned(),
        source,
    })
}

/// A component by itself goes by the name of its file.
fn load(trial: &Trial, file: &Path, bytes: &[u8]) -> Result<Plugin, CliError> {
    let id = named_after(file)?;
    let what = format!("load plugin {}", file.display());
    trial.load(&id, None, bytes).map_err(failed(what))
}

fn named_after(file: &Path) -> Result<PluginId, CliError> {
    let name = file.file_stem().and_then(|stem| stem.to_str());
    let what = format!("load plugin {}", file.display());
    PluginId::new(name.unwrap_or("plugin")).map_err(failed(what))
}

fn inspect(args: &InspectArgs, json: bool) -> Result<ExitCode, CliError> {
    let bytes = read(&args.file)?;
    let looking = || format!("look into {}", args.file.display());
    let found = provost_sandbox::inspect(&bytes).map_err(failed(looking()))?;
    let kind = found.kind.map_err(failed(looking()))?;
    let plugin = load(&trial(&args.cache)?, &args.file, &bytes)?;
    let wants = Wants::of(&plugin);
    let wants: serde_json::Map<String, Value> = wants
        .lists(kind)
        .into_iter()
        .map(|(key, list)| (key.to_owned(), json!(list)))
        .collect();
    let mut shown = json!({
        "file": args.file,
        "kind": kind.to_string(),
        "interface": kind.interface(),
        "exports": found.exports,
        "imports": found.imports,
        "bytes": found.size,
        "hash": found.digest.as_str(),
        "wants": wants,
        "describes": call::described(&plugin),
        "title": call::described(&plugin)["title"],
    });
    let own = found.manifest.as_deref();
    if let Some(manifest) = own.map(|text| Manifest::read("its manifest", text)) {
        let manifest = manifest.map_err(failed(looking()))?;
        shown["id"] = json!(manifest.id);
        shown["version"] = json!(manifest.version.to_string());
        shown["authors"] = json!(manifest.authors);
        shown["lang"] = json!(manifest.lang.word());
    }
    let keys = [
        "file",
        "id",
        "version",
        "title",
        "authors",
        "lang",
        "kind",
        "interface",
        "exports",
        "imports",
        "wants.actions",
        "wants.facts",
        "wants.sends",
        "wants.hosts",
        "wants.secrets",
        "bytes",
        "hash",
    ];
    fields(&shown, &keys, json);
    Ok(ExitCode::SUCCESS)
}

/// The fields of an object that are there, a line each.
fn fields(shown: &Value, keys: &[&str], json: bool) {
    if json {
        print::json(shown);
        return;
    }
    for key in keys {
        let cell = print::cell(shown, key);
        if cell != "-" {
            println!("{key:13}  {cell}");
        }
    }
}
