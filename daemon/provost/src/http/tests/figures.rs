//! The figures of `/metrics`, and what is written about them for whoever watches.

use std::collections::BTreeSet;
use std::path::Path;

use super::rig::Rig;

/// Words that begin like a figure.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    let figures = words.filter(|word| word.starts_with("provost_") && word.len() > 8);
    // A histogram is asked by its parts.
    let whole = figures.map(|word| word.trim_end_matches("_bucket").to_owned());
    whole.collect()
}

fn monitoring(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/monitoring");
    let path = folder.join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[tokio::test]
async fn every_figure_is_described_and_no_alert_watches_one_that_is_not_there() {
    let rig = Rig::new().await;
    let told = rig.get(&rig.admin, "/metrics").await.text;
    let types = told.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let figures: BTreeSet<String> = types
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            _ => name.to_owned(),
        })
        .collect();
    let described = names(&monitoring("README.md"));
    let silent: Vec<_> = figures.difference(&described).collect();
    assert!(silent.is_empty(), "not described: {silent:?}");
    // Figures of sources and plugins are told where there are any.
    let source = [
        include_str!("../metrics.rs"),
        include_str!("../plugin_metrics.rs"),
    ]
    .concat();
    for figure in &described {
        let name = figure.trim_start_matches("provost_");
        let name = name.trim_end_matches("_total");
        assert!(
            source.contains(&format!("\"{name}\"")),
            "no such figure: {figure}"
        );
    }
    for file in ["alerts.yaml", "dashboard.json"] {
        let watched = names(&monitoring(file));
        let unknown: Vec<_> = watched.difference(&described).collect();
        assert!(
            !watched.is_empty() && unknown.is_empty(),
            "{file}: {unknown:?}"
        );
    }
}
