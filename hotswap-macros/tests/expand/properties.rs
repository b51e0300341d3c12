//! What holds for every value, and not just for those that somebody has thought of: it comes back
//! through a call as it went, a state goes up its chain and down again, and bytes that are none
//! are an error.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    fmt::Debug,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use hotswap_abi::{
    __private::{
        portable::{Buffer, Reader},
        state::encode,
    },
    HotState, Migrate, MigrateError, Portable, Shape, interface,
};
use proptest::{collection, option, prelude::*, result};
use serde::{Deserialize, Serialize};

use crate::{double::start, module};

#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Order {
    pub who: String,
    pub items: Vec<Item>,
    pub notes: BTreeMap<String, Option<char>>,
    pub paid: Result<u128, String>,
    pub route: VecDeque<(i16, i64)>,
}

#[derive(Portable, Clone, Debug, PartialEq)]
pub enum Item {
    Nothing,
    Book(u32, String),
    Set { of: Vec<Self>, discount: Option<Box<Self>> },
}

/// Each type of the language and of std that crosses.
#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Kit {
    pub numbers: (u8, u16, u32, u64, u128, usize),
    pub signed: (i8, i16, i32, i64, i128, isize),
    pub single: (bool, char, (), f32, f64),
    pub texts: (String, PathBuf),
    pub times: (Duration, SystemTime),
    pub lists: (Vec<u16>, VecDeque<String>, [i32; 4], Vec<[String; 2]>),
    pub sets: (HashSet<String>, BTreeSet<(u8, char)>),
    pub maps: (HashMap<u64, Vec<bool>>, BTreeMap<String, Option<i8>>),
    pub inner: (Option<Option<u8>>, Box<char>),
    pub ended: Result<(String,), ()>,
    pub many: (u8, i8, u16, i16, u32, i32, u64),
    pub most: (u8, i8, u16, i16, u32, i32, u64, String),
}

/// Gives back what it gets.
#[interface]
pub trait Mirror {
    fn kit(&self, kit: Kit) -> Kit;
    fn order(&self, order: Order) -> Order;
    fn orders(&mut self, orders: HashMap<String, Order>) -> Vec<Order>;
    fn text(&self, text: &str) -> String;
    fn float(&self, value: f64) -> f64;
}

#[derive(Default)]
struct Glass;
module!(Glass: Mirror);

impl Mirror for Glass {
    fn kit(&self, kit: Kit) -> Kit {
        kit
    }
    fn order(&self, order: Order) -> Order {
        order
    }
    fn orders(&mut self, orders: HashMap<String, Order>) -> Vec<Order> {
        let mut orders: Vec<_> = orders.into_iter().collect();
        orders.sort_by(|a, b| a.0.cmp(&b.0));
        orders.into_iter().map(|(_, order)| order).collect()
    }
    fn text(&self, text: &str) -> String {
        text.to_owned()
    }
    fn float(&self, value: f64) -> f64 {
        value
    }
}

fn item() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        Just(Item::Nothing),
        (any::<u32>(), any::<String>()).prop_map(|(pages, title)| Item::Book(pages, title)),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        (collection::vec(inner.clone(), 0..6), option::of(inner))
            .prop_map(|(of, discount)| Item::Set { of, discount: discount.map(Box::new) })
    })
}

fn order() -> impl Strategy<Value = Order> {
    (
        any::<String>(),
        collection::vec(item(), 0..8),
        collection::btree_map(any::<String>(), any::<Option<char>>(), 0..8),
        result::maybe_ok(any::<u128>(), any::<String>()),
        collection::vec_deque(any::<(i16, i64)>(), 0..8),
    )
        .prop_map(|(who, items, notes, paid, route)| Order { who, items, notes, paid, route })
}

fn time() -> impl Strategy<Value = SystemTime> {
    // Far enough in both directions, and representable everywhere.
    (any::<bool>(), 0..100_000_000_000_u64, 0..1_000_000_000_u32).prop_map(
        |(before, secs, nanos)| {
            // Windows counts in steps of this many.
            let distance = Duration::new(secs / 100, nanos / 100 * 100);
            let epoch = SystemTime::UNIX_EPOCH;
            if before { epoch - distance } else { epoch + distance }
        },
    )
}

/// A path is what the system takes for one.
#[cfg(unix)]
fn path() -> impl Strategy<Value = PathBuf> {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};
    collection::vec(any::<u8>(), 0..40).prop_map(|bytes| OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path() -> impl Strategy<Value = PathBuf> {
    any::<String>().prop_map(PathBuf::from)
}

fn kit() -> impl Strategy<Value = Kit> {
    let duration = (any::<u64>(), 0..1_000_000_000_u32);
    let duration = duration.prop_map(|(secs, nanos)| Duration::new(secs, nanos));
    let lists = (
        any::<Vec<u16>>(),
        collection::vec_deque(any::<String>(), 0..6),
        any::<[i32; 4]>(),
        collection::vec(any::<[String; 2]>(), 0..4),
    );
    let sets = (
        collection::hash_set(any::<String>(), 0..6),
        collection::btree_set(any::<(u8, char)>(), 0..6),
    );
    let maps = (
        collection::hash_map(any::<u64>(), any::<Vec<bool>>(), 0..6),
        collection::btree_map(any::<String>(), any::<Option<i8>>(), 0..6),
    );
    let others = (any::<(Option<Option<u8>>, Box<char>)>(), any::<Result<(String,), ()>>());
    let scalars =
        (any::<(u8, u16, u32, u64, u128, usize)>(), any::<(i8, i16, i32, i64, i128, isize)>());
    (
        (
            scalars,
            any::<(bool, char, (), f32, f64)>(),
            (any::<String>(), path()),
            (duration, time()),
        ),
        (lists, sets, maps, others),
        (
            any::<(u8, i8, u16, i16, u32, i32, u64)>(),
            any::<(u8, i8, u16, i16, u32, i32, u64, String)>(),
        ),
    )
        .prop_map(|(first, (lists, sets, maps, (inner, ended)), (many, most))| {
            let ((numbers, signed), single, texts, times) = first;
            Kit {
                numbers,
                signed,
                single,
                texts,
                times,
                lists,
                sets,
                maps,
                inner,
                ended,
                many,
                most,
            }
        })
}

fn encoded(value: &impl Portable) -> Vec<u8> {
    let mut buffer = Buffer::new();
    value.encode(&mut buffer.writer());
    buffer.into_vec()
}

fn is_all<T: Portable + Debug + PartialEq>(value: &T, more: u8) -> Result<(), TestCaseError> {
    let mut bytes = encoded(value);
    prop_assert_eq!(&Reader::whole::<T>(&bytes).unwrap(), value);
    for end in 0..bytes.len() {
        prop_assert!(Reader::whole::<T>(&bytes[..end]).is_err());
    }
    bytes.push(more);
    prop_assert!(Reader::whole::<T>(&bytes).is_err());
    Ok(())
}

proptest! {
    // A value has a hundred parts.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_value_comes_back_through_a_call_as_it_went(order in order()) {
        let mut double = start::<dyn Mirror, Glass>();
        prop_assert_eq!(double.client::<dyn Mirror>().order(order.clone()).unwrap(), order);
    }

    #[test]
    fn many_values_come_back(orders in collection::hash_map(any::<String>(), order(), 0..4)) {
        let mut double = start::<dyn Mirror, Glass>();
        let sorted: BTreeMap<_, _> = orders.clone().into_iter().collect();
        let back = double.client::<dyn Mirror>().orders(orders).unwrap();
        prop_assert_eq!(back, sorted.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn texts_and_numbers_come_back_bit_by_bit(text in any::<String>(), bits in any::<u64>()) {
        let mut double = start::<dyn Mirror, Glass>();
        let mirror = double.client::<dyn Mirror>();
        prop_assert_eq!(mirror.text(&text).unwrap(), text);
        // Also those that are no number.
        prop_assert_eq!(mirror.float(f64::from_bits(bits)).unwrap().to_bits(), bits);
    }

    #[test]
    fn a_value_of_each_type_of_std_comes_back(kit in kit()) {
        let mut double = start::<dyn Mirror, Glass>();
        prop_assert_eq!(double.client::<dyn Mirror>().kit(kit.clone()).unwrap(), kit);
    }

    #[test]
    fn what_was_encoded_is_all_that_is_decoded(order in order(), kit in kit(), more in any::<u8>()) {
        is_all(&order, more)?;
        is_all(&kit, more)?;
    }

    /// What a damaged value decodes to, if anything, is a value like every other.
    #[test]
    fn damaged_bytes_are_a_value_or_an_error(
        order in order(),
        damage in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encoded(&order);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(other) = Reader::whole::<Order>(&bytes) {
            prop_assert_eq!(Reader::whole::<Order>(&encoded(&other)).unwrap(), other);
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in collection::vec(any::<u8>(), 0..200)) {
        let _ = Reader::whole::<Order>(&bytes);
        let _ = Ledger::restore(3, &bytes);
        let _ = Ledger::restore(1, &bytes);
    }
}

#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 1)]
struct LedgerV1 {
    cents: i32,
    owner: String,
}

#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 2, previous = LedgerV1)]
struct LedgerV2 {
    cents: i64,
    owners: Vec<String>,
}

#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 3, previous = LedgerV2)]
struct Ledger {
    cents: i64,
    owners: BTreeMap<String, Share>,
    /// The order of version 2, which a map does not keep.
    order: Vec<String>,
}

#[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Share {
    All,
    Part { of: u32, note: Option<String> },
}

impl Migrate<LedgerV1> for LedgerV2 {
    fn upgrade(old: LedgerV1) -> Result<Self, MigrateError> {
        Ok(Self { cents: old.cents.into(), owners: vec![old.owner] })
    }
    fn downgrade(self) -> Result<LedgerV1, MigrateError> {
        let [owner] = <[String; 1]>::try_from(self.owners)
            .map_err(|_| MigrateError::new("version 1 has one owner"))?;
        let cents = self.cents.try_into().map_err(|_| MigrateError::new("too many cents"))?;
        Ok(LedgerV1 { cents, owner })
    }
}

impl Migrate<LedgerV2> for Ledger {
    fn upgrade(old: LedgerV2) -> Result<Self, MigrateError> {
        let parts = old.owners.len() as u32;
        let share = if parts == 1 { Share::All } else { Share::Part { of: parts, note: None } };
        let owners = old.owners.iter().map(|owner| (owner.clone(), share.clone())).collect();
        Ok(Self { cents: old.cents, owners, order: old.owners })
    }
    fn downgrade(self) -> Result<LedgerV2, MigrateError> {
        Ok(LedgerV2 { cents: self.cents, owners: self.order })
    }
}

fn stored(state: &impl Serialize) -> Vec<u8> {
    let mut buffer = Buffer::new();
    encode(state, &mut buffer.writer()).unwrap();
    buffer.into_vec()
}

/// As a rollback does it: the newer module writes what the older one reads.
fn back(state: Ledger, version: u32) -> Result<Vec<u8>, String> {
    let mut buffer = Buffer::new();
    let result = state.downgrade_to(version, &mut buffer.writer());
    result.map(|()| buffer.into_vec()).map_err(|error| error.to_string())
}

fn share() -> impl Strategy<Value = Share> {
    let part = (any::<u32>(), any::<Option<String>>());
    prop_oneof![Just(Share::All), part.prop_map(|(of, note)| Share::Part { of, note })]
}

proptest! {
    #[test]
    fn a_state_goes_all_the_way_up_and_down_again(cents in any::<i32>(), owner in any::<String>()) {
        let old = LedgerV1 { cents, owner };
        let new = Ledger::restore(1, &stored(&old)).unwrap();
        // Over the codec, as between two modules.
        let new = Ledger::restore(3, &stored(&new)).unwrap();
        prop_assert_eq!(new.cents, i64::from(old.cents));
        let down = LedgerV1::restore(1, &back(new, 1).unwrap()).unwrap();
        prop_assert_eq!(down, old);
    }

    #[test]
    fn a_state_that_the_older_version_cannot_hold_is_an_error(
        cents in any::<i64>(),
        owners in collection::vec(any::<String>(), 0..4),
    ) {
        let old = LedgerV2 { cents, owners };
        let new = Ledger::restore(2, &stored(&old)).unwrap();
        prop_assert_eq!(&LedgerV2::restore(2, &back(new.clone(), 2).unwrap()).unwrap(), &old);
        let fits = i32::try_from(cents).is_ok() && old.owners.len() == 1;
        match back(new, 1) {
            Ok(bytes) => {
                prop_assert!(fits);
                prop_assert_eq!(&LedgerV1::restore(1, &bytes).unwrap().owner, &old.owners[0]);
            }
            Err(error) => prop_assert!(!fits && error.contains("from version 2 to 1"), "{}", error),
        }
    }

    #[test]
    fn a_state_that_did_not_change_is_kept_as_it_is(
        cents in any::<i64>(),
        owners in collection::btree_map(any::<String>(), share(), 0..6),
        order in collection::vec(any::<String>(), 0..6),
    ) {
        let state = Ledger { cents, owners, order };
        let bytes = stored(&state);
        let again = Ledger::restore(3, &bytes).unwrap();
        prop_assert_eq!(stored(&again), bytes);
        prop_assert_eq!(again, state);
    }
}
