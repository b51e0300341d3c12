//! A file's name, made of any text.

/// Different texts have different names, also where the file system takes `A` for `a`.
pub fn file_stem_of(text: &str) -> String {
    let mut name = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name
}
