//! Which hotswap has written a file. Every file that a later run reads back says so in a place that
//! all formats keep, so that a file of a later format is told from a damaged one. Pure.

/// The version of hotswap that this is.
pub(crate) const OWN: &str = env!("CARGO_PKG_VERSION");

/// No version is longer, as far as one is told.
const LONGEST: usize = 64;

/// A version that a file names.
pub(crate) fn writer(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST)?;
    text.parse::<semver::Version>().is_ok().then(|| text.to_owned())
}

/// What is told of a file in another format.
pub(crate) fn by_another(found: u32, reads: u32, hotswap: Option<&String>) -> String {
    let by = hotswap.map_or("another version".to_owned(), |it| format!("hotswap {it}"));
    format!(
        "has format {found} and was written by {by}, and this is hotswap {OWN}, which reads format \
         {reads}; nothing was changed"
    )
}
