//! What can be typed about plugins by those who write them. None of it asks the daemon.

use clap::Args as ClapArgs;
use provost_sandbox::Kind;
use std::path::PathBuf;

use crate::author::Lang;
use crate::author::manifest::Name;
use crate::author::run::Function;

/// `provost plugin new`.
#[derive(Debug, Clone, ClapArgs)]
pub struct NewArgs {
    /// The plugin's id, e.g. valley-edition: lower-case letters, digits and hyphens. Its folder gets this name.
    pub name: Name,
    /// role-policy (roles and rules of an edition) or channel (a way to tell people).
    #[arg(long)]
    pub kind: Kind,
    /// rust, python or javascript.
    #[arg(long)]
    pub lang: Lang,
    /// Where to make the folder.
    #[arg(long, default_value = ".")]
    pub into: PathBuf,
}

/// `provost plugin build`.
#[derive(Debug, Clone, ClapArgs)]
pub struct BuildArgs {
    /// The project.
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Instead of a project: a core module (cargo's wasm32-unknown-unknown output) to turn into a component.
    #[arg(long, requires = "out", conflicts_with = "project")]
    pub module: Option<PathBuf>,
    /// With --module: where to write the component.
    #[arg(long, requires = "module")]
    pub out: Option<PathBuf>,
}

/// `provost plugin test`.
#[derive(Debug, Clone, ClapArgs)]
pub struct TrialArgs {
    /// Scenario files. Default: all in the project's folder scenarios.
    pub files: Vec<PathBuf>,
    /// The project.
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Folder with other plugins that scenarios name. Default: beside the program, then /usr/lib/provost/plugins.
    #[arg(long, env = "PROVOST_PLUGINS")]
    pub plugins: Option<PathBuf>,
}

/// `provost plugin run`.
#[derive(Debug, Clone, ClapArgs)]
pub struct RunArgs {
    /// What the function takes, JSON; - for standard input. Default: the project's call.json.
    pub input: Option<PathBuf>,
    /// describe, evaluate, render or judge. Default: evaluate or render, as the plugin's kind has it.
    #[arg(long)]
    pub call: Option<Function>,
    /// A component to run instead of the project's.
    #[arg(long)]
    pub component: Option<PathBuf>,
    /// The project.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// `provost plugin bench`.
#[derive(Debug, Clone, ClapArgs)]
pub struct BenchArgs {
    /// Which call.
    #[command(flatten)]
    pub call: RunArgs,
    /// How many times it is made: 1 to 1000000.
    #[arg(long, short = 'n', default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub calls: u32,
}

/// `provost plugin inspect`.
#[derive(Debug, Clone, ClapArgs)]
pub struct InspectArgs {
    /// The component.
    pub file: PathBuf,
    /// Where compiled plugins are kept.
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Which project.
#[derive(Debug, Clone, ClapArgs)]
pub struct ProjectArgs {
    /// The project's folder, which has a plugin.toml.
    #[arg(long, default_value = ".")]
    pub project: PathBuf,
    /// Where compiled plugins are kept.
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// Where an author's compiled plugins are kept.
#[derive(Debug, Clone, ClapArgs)]
pub struct CacheArgs {
    /// Folder that keeps compiled plugins between calls. Default: provost in your cache folder.
    #[arg(long, env = "PROVOST_CACHE")]
    pub cache: Option<PathBuf>,
    /// The user's cache folder.
    #[arg(long, hide = true, env = "XDG_CACHE_HOME")]
    pub xdg_cache: Option<PathBuf>,
    /// The user's home.
    #[arg(long, hide = true, env = "HOME")]
    pub home: Option<PathBuf>,
}

impl CacheArgs {
    /// As asked, else as the XDG Base Directory Specification has it. Relative ones of the environment do not count.
    pub fn folder(&self) -> Option<PathBuf> {
        let absolute = |folder: &Option<PathBuf>| folder.clone().filter(|it| it.is_absolute());
        let users = absolute(&self.xdg_cache)
            .or_else(|| absolute(&self.home).map(|home| home.join(".cache")));
        self.cache
            .clone()
            .or_else(|| users.map(|folder| folder.join("provost/compiled-plugins")))
    }
}
