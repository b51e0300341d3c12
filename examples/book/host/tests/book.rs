//! The book's code blocks are pieces of files that the workspace builds, and equal to them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names the file, and the anchor, whose code is the block on the next line.
const SOURCE: &str = "<!-- SOURCE: ";

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

/// The text of `from`, a path beside the pages with an anchor or without: without the lines that
/// mark anchors and without the indentation that all its lines share.
fn region(from: &str) -> Result<String, String> {
    let (path, anchor) = from.split_once(':').map_or((from, None), |(path, it)| (path, Some(it)));
    let text = fs::read_to_string(root().join("docs/src").join(path))
        .map_err(|error| format!("{path}: {error}"))?;
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(anchor) = anchor {
        let place = |mark: &str| {
            let mark = format!("{mark}: {anchor}");
            let found: Vec<_> =
                lines.iter().enumerate().filter(|it| it.1.ends_with(&mark)).collect();
            match found[..] {
                [(place, _)] => Ok(place),
                _ => Err(format!("{path} has {} lines `{mark}`", found.len())),
            }
        };
        let (start, end) = (place("ANCHOR")? + 1, place("ANCHOR_END")?);
        lines = lines.get(start..end).ok_or("the anchor ends before it starts")?.to_vec();
    }
    lines.retain(|line| !line.contains("ANCHOR: ") && !line.contains("ANCHOR_END: "));
    let full = lines.iter().filter(|line| !line.is_empty());
    let indent = full.map(|it| it.len() - it.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<_> = lines.iter().map(|line| line.get(indent..).unwrap_or("")).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned())
}

/// The page with each block below a [`SOURCE`] replaced by the code of its file, and the number
/// of such blocks.
fn filled(page: &str) -> Result<(String, usize), String> {
    let mut pieces = page.split(SOURCE);
    let mut filled = pieces.next().unwrap_or("").to_owned();
    let mut blocks = 0;
    for piece in pieces {
        let parts = || {
            let (from, rest) = piece.split_once(" -->\n```")?;
            let (language, rest) = rest.split_once('\n')?;
            // A block that is still empty begins with its end.
            let after = rest.strip_prefix("```").or_else(|| Some(rest.split_once("\n```")?.1))?;
            Some((from, language, after))
        };
        let (from, language, after) = parts().ok_or_else(|| {
            format!("no block follows `{SOURCE}{}`", &piece[..40.min(piece.len())])
        })?;
        let code = region(from)?;
        filled += &format!("{SOURCE}{from} -->\n```{language}\n{code}\n```{after}");
        blocks += 1;
    }
    Ok((filled, blocks))
}

#[test]
fn every_block_is_equal_to_its_file() {
    let update = std::env::var_os("UPDATE_BOOK").is_some();
    let mut shown = 0;
    let mut stale = Vec::new();
    for (chapter, text) in chapters() {
        let (filled, blocks) = filled(&text).unwrap_or_else(|error| panic!("{chapter}: {error}"));
        shown += blocks;
        if filled == text {
            continue;
        }
        if update {
            fs::write(root().join("docs/src").join(&chapter), filled).unwrap();
        } else {
            let first = text.lines().zip(filled.lines()).find(|(page, file)| page != file);
            stale.push(format!("{chapter}: (page, file): {first:?}"));
        }
    }
    assert!(
        stale.is_empty(),
        "run UPDATE_BOOK=1 cargo test -p shop-host --test book\n{}",
        stale.join("\n")
    );
    assert!(shown > 20, "the book shows code, not only {shown} pieces");
}

#[test]
fn rust_is_shown_from_files_only() {
    for (chapter, text) in chapters() {
        let mut above = "";
        let mut is_inside = false;
        for line in text.lines() {
            if line.starts_with("```") {
                let is_named = above.starts_with(SOURCE) && above.contains(".rs");
                let is_rust = !is_inside && line.starts_with("```rust");
                assert!(
                    !is_rust || is_named,
                    "{chapter}: a block that is not compiled, after {above:?}"
                );
                is_inside = !is_inside;
            }
            above = line;
        }
        assert!(!is_inside, "{chapter}: a block without an end");
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
            let include = format!("examples/book/{file}:{anchor} -->");
            assert!(book.contains(&include), "{include} is not shown");
        }
    }
}
