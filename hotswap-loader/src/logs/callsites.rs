//! All sites of a process, found by what callsites say of themselves. How many there are, and the
//! memory that they take, is bounded.

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use hotswap_abi::__private::{logs::site::Description, text::escaped};
use parking_lot::Mutex;

use super::site::{Form, GENERATION, MODULE, Site};

/// All sites of a process.
///
/// A callsite has a site of its own until there are [`Callsites::most`] of them or they take
/// [`Callsites::most_bytes`]: a long day of edits that shift lines. Those that come afterwards share
/// one with all that differ by their line alone, up to another such number. Past that there is one
/// for each kind and level.
#[derive(Debug)]
pub(super) struct Callsites {
    most: usize,
    most_bytes: usize,
    /// By their description.
    sites: HashMap<Box<[u8]>, &'static Site>,
    /// By their description without the line.
    lineless: HashMap<Box<[u8]>, &'static Site>,
    plain: HashMap<(bool, u8), &'static Site>,
    texts: HashSet<&'static str>,
    bytes: usize,
}

static ALL: OnceLock<Mutex<Callsites>> = OnceLock::new();

/// The site for a description; `None` for bytes that are none.
pub(super) fn find(description: &[u8]) -> Option<&'static Site> {
    let all = ALL.get_or_init(|| Mutex::new(Callsites::new(16_384, 8 << 20)));
    let site = all.lock().find(description)?;
    site.register();
    Some(site)
}

/// How many sites there are, and the bytes that they take.
#[cfg(test)]
pub(super) fn count() -> (usize, usize) {
    let all = ALL.get().expect("there is one").lock();
    (all.sites.len() + all.lineless.len() + all.plain.len(), all.bytes)
}

impl Callsites {
    fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            most,
            most_bytes,
            sites: HashMap::new(),
            lineless: HashMap::new(),
            plain: HashMap::new(),
            texts: HashSet::new(),
            bytes: 0,
        }
    }

    fn find(&mut self, bytes: &[u8]) -> Option<&'static Site> {
        if let Some(site) = self.sites.get(bytes) {
            return Some(site);
        }
        let mut it = Description::decode(bytes).ok()?;
        if self.sites.len() < self.most && self.bytes < self.most_bytes {
            let site = self.make(&it);
            self.keep_key(bytes.len());
            self.sites.insert(bytes.into(), site);
            return Some(site);
        }
        it.line = None;
        if !it.is_span {
            // The name that the macros give has the line in it.
            it.name = "event";
        }
        let key = it.encode();
        if let Some(site) = self.lineless.get(&*key) {
            return Some(site);
        }
        if self.lineless.len() < self.most && self.bytes < 2 * self.most_bytes {
            let site = self.make(&it);
            self.keep_key(key.len());
            self.lineless.insert(key.into(), site);
            return Some(site);
        }
        Some(self.plain.entry((it.is_span, it.level)).or_insert_with(|| Self::make_plain(&it)))
    }

    fn make(&mut self, it: &Description<'_>) -> &'static Site {
        let fields = it.fields.iter().map(|field| self.keep(field));
        let fields: Vec<_> = fields.chain([MODULE, GENERATION]).collect();
        self.bytes += size_of::<Site>() + size_of_val(&*fields);
        let kept = Description {
            is_span: it.is_span,
            level: it.level,
            name: self.keep(it.name),
            target: self.keep(it.target),
            module_path: it.module_path.map(|path| self.keep(path)),
            file: it.file.map(|file| self.keep(file)),
            line: it.line,
            fields: Vec::new(),
        };
        Site::leak(&kept, fields.leak(), Form::Own)
    }

    fn make_plain(it: &Description<'_>) -> &'static Site {
        let kept = Description {
            is_span: it.is_span,
            level: it.level,
            name: if it.is_span { "span of a module" } else { "event of a module" },
            target: "hotswap::module",
            module_path: None,
            file: None,
            line: None,
            fields: Vec::new(),
        };
        Site::leak(&kept, &["message", MODULE, GENERATION], Form::Plain)
    }

    /// A copy that is never freed, made once for each text.
    fn keep(&mut self, text: &str) -> &'static str {
        let text = escaped(text);
        if let Some(kept) = self.texts.get(&*text) {
            return kept;
        }
        let kept: &'static str = Box::leak(text.into());
        self.texts.insert(kept);
        self.bytes += kept.len() + size_of::<&str>();
        kept
    }

    const fn keep_key(&mut self, len: usize) {
        self.bytes += len + size_of::<(Box<[u8]>, &Site)>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(all: &mut Callsites, is_span: bool, line: u32, target: &str) -> &'static Site {
        let description = Description {
            is_span,
            level: 3,
            name: if is_span { "span" } else { "event src/lib.rs:7" },
            target,
            module_path: None,
            file: Some("src/lib.rs"),
            line: Some(line),
            fields: vec!["message"],
        };
        all.find(&description.encode()).expect("it makes sense")
    }

    #[test]
    fn the_same_callsite_has_the_same_site() {
        let mut all = Callsites::new(100, 1 << 20);
        let first = find(&mut all, false, 7, "a");
        assert!(std::ptr::eq(first, find(&mut all, false, 7, "a")));
        for (is_span, line, target) in [(true, 7, "a"), (false, 8, "a"), (false, 7, "b")] {
            assert!(!std::ptr::eq(first, find(&mut all, is_span, line, target)));
        }
        let data = first.data();
        assert!(data.is_event() && *data.level() == tracing_core::Level::INFO);
        assert_eq!((data.target(), data.file(), data.line()), ("a", Some("src/lib.rs"), Some(7)));
        let fields: Vec<_> = data.fields().iter().map(|field| field.name()).collect();
        assert_eq!(fields, ["message", MODULE, GENERATION]);
        assert!(all.find(&[]).is_none() && all.find(&[0, 3, 255]).is_none());
    }

    #[test]
    fn where_there_are_too_many_they_share() {
        let (mut few, mut small) = (Callsites::new(2, 1 << 20), Callsites::new(9_999, 1_000));
        for all in [&mut few, &mut small] {
            let mut last = (find(all, false, 0, "a"), find(all, true, 0, "a"));
            for line in 1..100 {
                last = (find(all, false, line, "a"), find(all, true, line, "a"));
            }
            let known = find(all, false, 0, "a");
            assert_eq!(known.data().line(), Some(0));
            // Only the line is lost at first,
            assert_eq!((last.0.data().line(), last.0.data().name()), (None, "event"));
            assert_eq!((last.1.data().line(), last.1.data().name()), (None, "span"));
            assert_eq!((last.0.form(), last.0.data().target()), (Form::Own, "a"));
            // and then everything but kind and level.
            let targets: Vec<_> = (0..100).map(|it| it.to_string()).collect();
            let last = targets.iter().map(|target| find(all, false, 1, target)).last().unwrap();
            assert_eq!((last.form(), last.data().target()), (Form::Plain, "hotswap::module"));
            assert_eq!(*last.data().level(), tracing_core::Level::INFO);
            assert!(last.data().is_event());
            let (sites, bytes) = (all.sites.len() + all.lineless.len(), all.bytes);
            for target in &targets {
                find(all, true, 2, target);
            }
            assert_eq!((sites, bytes), (all.sites.len() + all.lineless.len(), all.bytes));
            assert!(sites <= 2 * all.most && bytes < 2 * all.most_bytes + 1_000);
            assert!(all.plain.len() <= 2);
        }
    }
}
