//! The book's code blocks are pieces of files: each file and each piece exists.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}

/// The chapters: name and text.
fn chapters() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("docs/src")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What is between `open` and `close`, each time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(it, _)| it)
}

#[test]
fn every_piece_that_is_shown_exists() {
    let mut shown = 0;
    for (chapter, text) in chapters() {
        for include in between(&text, "{{#include ", "}}") {
            let (path, anchor) = match include.split_once(':') {
                Some((path, anchor)) => (path, Some(anchor)),
                None => (include, None),
            };
            let file = fs::read_to_string(root().join("docs/src").join(path))
                .unwrap_or_else(|error| panic!("{chapter}: {path}: {error}"));
            if let Some(anchor) = anchor {
                // Of a page, too, whose comments have an end.
                let lines = || file.lines().map(|line| line.trim_end_matches("-->").trim_end());
                for mark in [format!("ANCHOR: {anchor}"), format!("ANCHOR_END: {anchor}")] {
                    let found = lines().filter(|line| line.ends_with(&mark)).count();
                    assert_eq!(found, 1, "{chapter}: {path} {mark}");
                }
            }
            shown += 1;
        }
    }
    assert!(shown > 20, "the book shows code, not only {shown} pieces");
}

#[test]
fn rust_is_shown_from_files_only() {
    for (chapter, text) in chapters() {
        for block in between(&text, "```rust", "\n```") {
            let code = block.split_once('\n').map_or("", |(_, code)| code);
            let is_included =
                code.lines().all(|line| line.is_empty() || line.starts_with("{{#include "));
            assert!(is_included, "{chapter}: a block that nobody compiles:\n{code}");
        }
    }
}

#[test]
fn every_chapter_is_in_the_summary_and_every_link_leads_somewhere() {
    let chapters = chapters();
    let summary = &chapters.iter().find(|(name, _)| name == "SUMMARY.md").unwrap().1;
    for (name, text) in &chapters {
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name}");
        for link in between(text, "](", ")").filter(|link| !link.starts_with("http")) {
            let (path, _) = link.split_once('#').unwrap_or((link, ""));
            assert!(
                path.is_empty() || root().join("docs/src").join(path).exists(),
                "{name}: {link}"
            );
        }
    }
}

/// The pages beside the book.
const PAGES: &[&str] =
    &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"];

#[test]
fn every_link_of_the_other_pages_leads_somewhere() {
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let folder = root().join(page).parent().unwrap().to_owned();
        for link in between(&text, "](", ")").filter(|link| !link.starts_with("http")) {
            let (path, _) = link.split_once('#').unwrap_or((link, ""));
            assert!(folder.join(path).exists(), "{page}: {link}");
        }
    }
}

/// Who reads it should see the whole, and find each file that it names.
#[test]
fn the_page_on_architecture_is_short_and_true_to_the_code() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.len() <= 16 * 1024, "{} bytes: too much for one page", text.len());
    let core = root().join("hotswap-core/src");
    let prose: String = text.split("```").step_by(2).collect();
    for path in
        prose.split('`').skip(1).step_by(2).filter(|it| it.contains(".rs") || it.ends_with('/'))
    {
        assert!(root().join(path).exists() || core.join(path).exists(), "there is no {path}");
    }
    let layers = between(&text, "| layer |", "\n\n").next().unwrap();
    for entry in fs::read_dir(core).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = file.strip_suffix(".rs") else { continue };
        let is_there = [format!("`{module}`"), format!("`{module}/")];
        assert!(is_there.iter().any(|it| layers.contains(it)), "{file} is in no layer");
    }
}

/// Every piece of the example is shown, so that none is kept for nothing.
#[test]
fn every_anchor_is_shown() {
    let book: String = chapters().into_iter().map(|(_, text)| text).collect();
    for file in [
        "api/src/lib.rs",
        "module/src/lib.rs",
        "module/tests/upgrade.rs",
        "module/tests/version_1.rs",
        "host/src/main.rs",
        "host/src/develop.rs",
        "host/src/signed.rs",
    ] {
        let text = fs::read_to_string(root().join("examples/book").join(file)).unwrap();
        for anchor in between(&text, "ANCHOR: ", "\n").filter(|anchor| !anchor.starts_with('…')) {
            let include = format!("examples/book/{file}:{anchor}}}}}");
            assert!(book.contains(&include), "{include} is not shown");
        }
    }
}
