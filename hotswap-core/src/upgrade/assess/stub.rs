//! A migration to paste, for a state whose shape changed under an unchanged version.

use std::fmt::Write;

use hotswap_abi::{
    manifest::StateVersion,
    shape::{Definition, Difference, Kind, Types, compare_stored},
};

/// The old version as it is stored, and a migration that keeps what is the same.
pub(super) fn migration(
    (old_types, old): (&Types, &StateVersion),
    (new_types, new): (&Types, &StateVersion),
    differences: &[Difference],
) -> String {
    let (Some(from), Some(to)) =
        (old_types.definition(&old.shape), new_types.definition(&new.shape))
    else {
        return String::new();
    };
    let name = strip_version(&to.name);
    let (previous, next) = (format!("{name}V{}", old.version), old.version + 1);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_stub(&mut text, old_types, from, new_types, to, &previous, next, old.version);
    let nested = differences
        .iter()
        .filter(|difference| !difference.at.starts_with(&format!("{}.", old.name)))
        .map(|difference| difference.at.as_str())
        .collect::<Vec<_>>();
    if !nested.is_empty() {
        let _ = write!(
            text,
            "\n    // these changed as well; keep the old types beside the new ones: {}",
            nested.join(", ")
        );
    }
    text
}

#[expect(clippy::too_many_arguments, reason = "two sides of one text")]
fn write_stub(
    text: &mut String,
    old_types: &Types,
    from: &Definition,
    new_types: &Types,
    to: &Definition,
    previous: &str,
    next: u32,
    version: u32,
) -> std::fmt::Result {
    writeln!(text, "    #[derive(HotState, Serialize, Deserialize, Clone)]")?;
    writeln!(text, "    #[hot_state(version = {version})]")?;
    writeln!(text, "    pub struct {previous} {{")?;
    for field in &from.members {
        if !field.attrs.is_empty() {
            writeln!(text, "        #[{}]", field.attrs)?;
        }
        let ty = field.parts.first().map(|part| old_types.display(part).to_string());
        writeln!(text, "        {}: {},", field.name, ty.unwrap_or_default())?;
    }
    writeln!(text, "    }}")?;
    writeln!(text, "    // on {}: #[hot_state(version = {next}, previous = {previous})]", to.name)?;
    writeln!(text, "    impl Migrate<{previous}> for {} {{", to.name)?;
    writeln!(text, "        fn upgrade(old: {previous}) -> Result<Self, MigrateError> {{")?;
    if from.kind != Kind::Struct || to.kind != Kind::Struct {
        writeln!(text, "            todo!()")?;
    } else {
        writeln!(text, "            Ok(Self {{")?;
        for field in &to.members {
            let same = from.members.iter().find(|it| it.name == field.name).is_some_and(|it| {
                compare_stored((old_types, &it.parts[0]), (new_types, &field.parts[0]), "")
                    .is_empty()
            });
            let ty = new_types.display(&field.parts[0]);
            if same {
                writeln!(text, "                {0}: old.{0},", field.name)?;
            } else {
                writeln!(text, "                {}: todo!(\"{ty}\"),", field.name)?;
            }
        }
        writeln!(text, "            }})")?;
    }
    writeln!(text, "        }}")?;
    write!(text, "    }}")
}

fn strip_version(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() == name.len() { name } else { bare.strip_suffix('V').unwrap_or(name) }
}
