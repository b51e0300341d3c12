//! Pure: what two versions have answered → what is told of it.

use std::collections::BTreeMap;

use hotswap_abi::__private::{
    manifest::Schema,
    portable::{argument_words, words},
    state::differences,
};

use super::message::Call;
use crate::plan::{AnswerDifference, AnswerValues, FieldDifference, FinalState, MethodCalls};

/// How much of a value is told, in characters.
const LONGEST: usize = 200;
/// How many fields of a state are told.
const FIELDS: usize = 20;
/// How many are compared.
const MOST_FIELDS: usize = 10_000;

/// An answer of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// As bytes.
    Value(Vec<u8>),
    /// It has panicked.
    Panicked { text: String, place: String },
    /// Its answer, or what it was asked, could not be decoded.
    Undecodable(String),
}

/// What is asked, in words.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) schema: &'a Schema,
    pub(super) methods: &'a [&'static str],
    /// Whether values are told.
    pub(super) values: bool,
}

impl Answer {
    pub(super) const fn fails(&self) -> bool {
        !matches!(self, Self::Value(_))
    }

    /// Whether both are the same. Where a panic comes from is not compared: any change of the source
    /// moves it.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Panicked { text, .. }, Self::Panicked { text: other, .. }) => text == other,
            _ => self == other,
        }
    }
}

impl Words<'_> {
    pub(super) fn method(&self, call: &Call) -> &'static str {
        let at = usize::try_from(call.method).unwrap_or(usize::MAX);
        self.methods.get(at).copied().unwrap_or("?")
    }

    /// The method's name, and what it was asked.
    pub(super) fn call(&self, call: &Call) -> String {
        let method = self.method(call);
        if self.values { format!("{method}({})", self.arguments(call)) } else { method.to_owned() }
    }

    fn arguments(&self, call: &Call) -> String {
        let parts = self.parts(call).and_then(|parts| parts.split_last());
        parts.map_or_else(String::new, |(_, arguments)| {
            argument_words(&self.schema.types, arguments, &call.arguments, LONGEST)
        })
    }

    /// The types of its arguments, and that of its result.
    fn parts(&self, call: &Call) -> Option<&[hotswap_abi::__private::shape::Shape]> {
        let interface = self.schema.types.definition(&self.schema.interface)?;
        let method = self.method(call);
        interface.members.iter().find(|it| it.name == method).map(|it| &*it.parts)
    }

    /// What was answered. Of a failure its text is a value, too.
    pub(super) fn answer(&self, call: &Call, answer: &Answer) -> String {
        match answer {
            Answer::Value(bytes) => {
                let result = self.parts(call).and_then(<[_]>::last);
                result.map_or_else(
                    || format!("{} bytes", bytes.len()),
                    |result| words(&self.schema.types, result, bytes, LONGEST),
                )
            }
            Answer::Panicked { text, place } if self.values => {
                format!("it panicked: {} at {place}", cut(text))
            }
            Answer::Panicked { place, .. } => format!("it panicked at {place}"),
            Answer::Undecodable(why) if self.values => cut(why),
            Answer::Undecodable(_) => "its answer cannot be decoded".to_owned(),
        }
    }
}

/// The begin of a text: a child says no more than its parent reads.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The answers of one version to all calls, compared with those of the version that serves.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// The answers that differ, by the call's place.
    pub(super) differ: BTreeMap<usize, Answer>,
}

/// What is told of the answers: which methods are noise, and which differ.
pub(super) fn answers(
    calls: &[Call],
    serving: &[Answer],
    candidate: &Compared,
    again: &Compared,
    words: &Words<'_>,
) -> (Vec<MethodCalls>, Vec<AnswerDifference>) {
    let mut total = BTreeMap::<u32, u32>::new();
    calls.iter().for_each(|call| *total.entry(call.method).or_default() += 1);
    let by_method = |compared: &Compared| {
        // How many calls differ, and the first of them.
        let mut methods = BTreeMap::<u32, (u32, usize)>::new();
        for at in compared.differ.keys() {
            methods.entry(calls[*at].method).or_insert((0, *at)).0 += 1;
        }
        methods
    };
    let of = |first: usize, differ: u32| {
        let call = &calls[first];
        let calls = total.get(&call.method).copied().unwrap_or_default();
        MethodCalls { method: words.method(call).to_owned(), differ, calls }
    };
    let noise = by_method(again);
    let differences = by_method(candidate)
        .into_iter()
        .filter(|(method, _)| !noise.contains_key(method))
        .map(|(_, (differ, first))| {
            let call = &calls[first];
            let values = words.values.then(|| AnswerValues {
                arguments: words.arguments(call),
                serving: words.answer(call, &serving[first]),
                candidate: words.answer(call, &candidate.differ[&first]),
            });
            let number = u32::try_from(first + 1).unwrap_or(u32::MAX);
            AnswerDifference { of: of(first, differ), first: number, values }
        });
    let differences = differences.collect();
    let noise = noise.into_values().map(|(differ, first)| of(first, differ)).collect();
    (noise, differences)
}

/// What is told of two encoded states, where a second run of the version that serves has left `again`.
pub(super) fn states(serving: &[u8], candidate: &[u8], again: &[u8], values: bool) -> FinalState {
    let compare = |other| differences(serving, other, MOST_FIELDS);
    let (Some(mut found), Some(noise)) = (compare(candidate), compare(again)) else {
        return FinalState::NotCompared { why: "one of them cannot be decoded".to_owned() };
    };
    found.retain(|it| !noise.iter().any(|noise| noise.at == it.at));
    let mut fields: Vec<_> = found
        .into_iter()
        .map(|it| {
            if values {
                FieldDifference { at: cut(&it.at), serving: it.left, candidate: it.right }
            } else {
                let outermost = it.at.split(['.', '[']).next().unwrap_or_default().to_owned();
                FieldDifference { at: outermost, serving: None, candidate: None }
            }
        })
        .collect();
    fields.dedup();
    fields.truncate(FIELDS);
    if fields.is_empty() { FinalState::Equal } else { FinalState::Different { fields } }
}

#[cfg(test)]
mod tests {
    use hotswap_abi::__private::{portable::Buffer, state::encode};

    use super::*;

    #[test]
    fn a_panic_is_the_same_wherever_it_stands_in_the_source() {
        let panicked = |text: &str, place: &str| Answer::Panicked {
            text: text.to_owned(),
            place: place.to_owned(),
        };
        assert!(panicked("empty", "lib.rs:3:1").is_like(&panicked("empty", "lib.rs:4:1")));
        assert!(!panicked("empty", "lib.rs:3:1").is_like(&panicked("full", "lib.rs:3:1")));
        assert!(!panicked("empty", "lib.rs:3:1").is_like(&Answer::Value(Vec::new())));
    }

    #[test]
    fn what_is_told_is_bounded() {
        let long = |letter: &str| BTreeMap::from([(letter.repeat(1 << 20), 1)]);
        let [one, two] = ["a", "b"].map(|letter| {
            let mut buffer = Buffer::new();
            encode(&long(letter), &mut buffer.writer()).unwrap();
            buffer.into_vec()
        });
        let FinalState::Different { fields } = states(&one, &two, &one, true) else {
            panic!("they are equal")
        };
        assert!(fields.iter().all(|it| it.at.chars().count() == LONGEST + 1), "{fields:?}");
    }
}
