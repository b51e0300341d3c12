//! `#[portable(serde)]` on arguments and results: types that have serde's traits and nothing of ours.

use std::collections::BTreeMap;

use hotswap_abi::{
    __private::{manifest::Schema, shape::compare},
    CallError, Interface, interface,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{double::start, module};

/// A type of another crate, as far as hotswap knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    words: Vec<String>,
    limit: Option<u32>,
    by: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Found {
    Nothing,
    Page { of: Vec<Query>, next: Option<Box<Self>> },
}

/// Cannot be written where it is 1, nor read where it is 2.
#[derive(Clone, Debug, PartialEq)]
pub struct Odd(pub u8);

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            1 => Err(serde::ser::Error::custom("it is one")),
            other => serializer.serialize_u8(other),
        }
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            2 => Err(serde::de::Error::custom("it is two")),
            other => Ok(Self(other)),
        }
    }
}

/// Searches.
#[interface]
pub trait Search {
    #[portable(serde)]
    fn find(&self, #[portable(serde)] query: Query, page: u32) -> Found;
    /// Its argument alone.
    fn count(&mut self, #[portable(serde)] query: Query) -> u64;
    /// Its result alone; the same type may cross in both ways.
    #[portable(serde)]
    fn words(&self, text: &str, n: Vec<String>) -> Vec<String>;
    #[portable(serde)]
    fn odd(&self, #[portable(serde)] odd: Odd, add: u8) -> Odd;
    #[portable(serde)]
    fn check(&self, #[portable(serde)] query: Query) -> Result<Query, Odd> {
        if query.words.is_empty() { Err(Odd(7)) } else { Ok(self.same(query)) }
    }
    #[portable(serde)]
    fn same(&self, #[portable(serde)] query: Query) -> Query;
}

#[derive(Default)]
pub struct Index(u64);
module!(Index: Search);

impl Search for Index {
    fn find(&self, query: Query, page: u32) -> Found {
        match page {
            0 => Found::Nothing,
            page => {
                let next = Some(Box::new(self.find(query.clone(), page - 1)));
                Found::Page { of: vec![query], next }
            }
        }
    }
    fn count(&mut self, query: Query) -> u64 {
        self.0 += query.words.len() as u64;
        self.0
    }
    fn words(&self, text: &str, n: Vec<String>) -> Vec<String> {
        text.split(' ').map(str::to_owned).chain(n).collect()
    }
    fn odd(&self, odd: Odd, add: u8) -> Odd {
        Odd(odd.0 + add)
    }
    fn same(&self, query: Query) -> Query {
        query
    }
}

fn query() -> Query {
    let by = BTreeMap::from([("price".to_owned(), -0.0), ("size".to_owned(), f64::MAX)]);
    Query { words: vec!["grüße".to_owned(), String::new()], limit: Some(3), by }
}

#[test]
fn values_cross_by_their_serde_form() {
    let mut double = start::<dyn Search, Index>();
    let mut search = double.client::<dyn Search>();
    let wanted = Found::Page { of: vec![query()], next: Some(Box::new(Found::Nothing)) };
    assert_eq!(search.find(query(), 1).unwrap(), wanted);
    assert_eq!(search.count(query()).unwrap(), 2);
    assert_eq!(search.count(query()).unwrap(), 4);
    assert_eq!(search.words("a b", vec!["c".to_owned()]).unwrap(), ["a", "b", "c"]);
    assert_eq!(search.check(query()).unwrap(), Ok(query()));
    let nothing = Query { words: Vec::new(), ..query() };
    assert_eq!(search.check(nothing).unwrap(), Err(Odd(7)));
}

#[test]
fn a_value_that_serde_refuses_is_an_error_of_the_call() {
    let mut double = start::<dyn Search, Index>();
    let search = double.client::<dyn Search>();
    assert_eq!(search.odd(Odd(3), 1).unwrap(), Odd(4));
    // The module cannot read it.
    let error = search.odd(Odd(2), 1).unwrap_err();
    assert!(matches!(error, CallError::Undecodable(_)), "{error:?}");
    assert!(error.to_string().contains("it is two"), "{error}");
    // The caller cannot.
    let error = search.odd(Odd(0), 2).unwrap_err();
    assert!(error.to_string().contains("it is two"), "{error}");
    // The module cannot write it.
    let error = search.odd(Odd(0), 1).unwrap_err();
    assert!(matches!(error, CallError::Panicked(_)), "{error:?}");
    assert!(error.to_string().contains("it is one"), "{error}");
    assert_eq!(search.odd(Odd(3), 1).unwrap(), Odd(4));
}

/// The same methods, with other types and with other ways.
mod other {
    use super::{Found, Odd, Query, interface};

    #[interface]
    pub trait Search {
        #[portable(serde)]
        fn find(&self, #[portable(serde)] query: Found, page: u32) -> Found;
        fn count(&mut self, #[portable(serde)] query: Query) -> u64;
        fn words(&self, text: &str, #[portable(serde)] n: Vec<String>) -> Vec<String>;
        #[portable(serde)]
        fn odd(&self, #[portable(serde)] odd: Odd, add: u8) -> Odd;
    }
}

#[test]
fn a_description_has_the_types_name_and_that_it_crosses_by_serde() {
    let schema = |bytes| Schema::decode(bytes).unwrap();
    let ours = schema(<dyn Search as Interface>::schema());
    let definition = ours.types.definition(&ours.interface).unwrap();
    assert_eq!(
        ours.types.signature(&definition.members[0]).to_string(),
        "find(&self, query: Query, page: u32) -> Found"
    );
    let theirs = schema(<dyn other::Search as Interface>::schema());
    let differences =
        compare((&theirs.types, &theirs.interface), (&ours.types, &ours.interface), "Search");
    let lines: Vec<_> = differences
        .iter()
        .map(|it| {
            let side = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{} | {} | {}", it.at, side(&it.left), side(&it.right))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "Search::find | query: Found | query: Query",
            "Search::words | n: Vec<String> (opaque) | n: Vec<String> (a type of the standard library)",
            "Search::words | -> Vec<String> (a type of the standard library) | -> Vec<String> (opaque)",
        ]
    );
}
