//! Whatever a user's names are, generated code means what it says: types, constants, modules and
//! traits with names that generated code has, too, or might have.

#![allow(
    dead_code,
    clippy::upper_case_acronyms,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unused_variables,
    reason = "names that are in the way"
)]

use crate::{double::start, module};

/// Types and modules with names of the language and of the standard library.
mod shadow {
    pub struct Option;
    pub struct Result;
    pub struct Vec;
    pub struct Box;
    pub struct String;
    pub struct Ok;
    pub struct Err;
    pub struct Some;
    pub struct None;
    pub struct Self_;
    pub struct u8;
    pub struct u32;
    pub struct u64;
    pub struct i128;
    pub struct usize;
    pub struct bool;
    pub struct str;
    pub trait Send {}
    pub trait Sync {}
    pub trait Clone {}
    pub trait Copy {}
    pub trait Drop {}
    pub trait Fn {}
    pub trait FnMut {}
    pub trait FnOnce {}
    pub trait Default {}
    pub trait Sized {}
    pub fn drop() {}
    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod hotswap_abi {}
    pub mod diagnostic {}
    pub mod private {}
}

/// Every local and parameter that generated code has, or once had, as something that a pattern would
/// be taken for.
macro_rules! in_the_way {
    ($($name:ident)*) => { $(pub(super) struct $name;)* };
}

mod locals {
    in_the_way! {
        callee caller target proxy data sink body closure entry reply out this result error input
        other value version bytes module source client receiver call way held passed taken given
        a0 a1 a2 c0 c1 f0 f1 f2 f field field0 description __description state number
    }
}

/// Methods that every type has: generated code must not call one of them.
trait Everywhere: ::core::marker::Sized {
    fn entry(self) {}
    fn data(self) {}
    fn callee(self, _: usize) {}
    fn variant(self) {}
    fn error(self) {}
    fn fact(self) {}
    fn field(self) {}
    fn part(self) {}
    fn mend(self) {}
    fn nodes(self) {}
    fn debug_struct(self) {}
    fn write_str(self) {}
    fn encode(self) {}
    fn decode(self) {}
    fn hold(self) {}
    fn pass(self) {}
}
impl<T> Everywhere for T {}

mod case {
    #[allow(unused_imports, reason = "in the way")]
    use super::{Everywhere as _, shadow::*};
    // An explicit import is in the way of the prelude, a glob is not.
    #[allow(unused_imports, reason = "in the way")]
    use super::shadow::{
        Box, Clone, Copy, Drop, Err, FnMut, None, Ok, Option, Result, Send, Some, String, Sync,
        Vec, alloc, bool, core, diagnostic, hotswap_abi, i128, std, str, u8, u32, u64, usize,
    };

    // Names of generated items and parameters, past and present, as the user's own types.
    #[derive(::hotswap_abi::Portable, ::std::fmt::Debug, ::std::cmp::PartialEq)]
    pub struct P {
        pub x: ::core::primitive::u32,
        pub out: ::std::vec::Vec<::core::primitive::u8>,
        pub input: ::std::string::String,
    }
    #[derive(::hotswap_abi::Portable, ::std::fmt::Debug, ::std::cmp::PartialEq)]
    pub enum C {
        Ok,
        Err(::core::primitive::u8),
        Some {
            None: ::core::primitive::u8,
            other: ::core::primitive::u64,
        },
        Carrier {
            x: ::core::primitive::u8,
        },
        #[expect(clippy::upper_case_acronyms, reason = "named like a constant of our traits")]
        INFO(::core::primitive::u8),
    }
    #[derive(::hotswap_abi::Plain, ::std::clone::Clone, ::std::marker::Copy, ::std::fmt::Debug)]
    #[repr(C)]
    pub struct __Proxy {
        pub data: ::core::primitive::u32,
        pub out: __p,
    }
    #[derive(::hotswap_abi::Plain, ::std::clone::Clone, ::std::marker::Copy, ::std::fmt::Debug)]
    #[repr(u8)]
    pub enum __p {
        Ok = 1,
        None = 2,
    }
    #[derive(::hotswap_abi::Portable, ::std::fmt::Debug, ::std::cmp::PartialEq)]
    pub struct Caller<T, __Opaque0> {
        pub value: T,
        pub error: __Opaque0,
    }
    #[derive(::hotswap_abi::Shape, ::hotswap_abi::Movable)]
    pub struct W {
        pub __description: ::std::vec::Vec<::core::primitive::u8>,
        pub field: ::std::option::Option<::core::primitive::u8>,
    }
    #[derive(::hotswap_abi::Shape, ::hotswap_abi::Movable)]
    pub enum Units {
        Ok,
        Some,
    }
    #[derive(::hotswap_abi::Movable)]
    pub enum Fields {
        Ok(::core::primitive::u8),
        Some { mend: ::std::string::String },
        Carrier,
    }

    #[::hotswap_abi::interface(version = "1.1.0")]
    pub trait Game {
        fn attack(
            &mut self,
            target: P,
            callee: C,
            proxy: __Proxy,
            data: &__Proxy,
            sink: &mut [__p],
            caller: Caller<P, C>,
        ) -> P;
        fn each(
            &self,
            error: &mut dyn ::std::ops::FnMut(::core::primitive::u32, &__Proxy) -> C,
            self_: ::core::primitive::u64,
        ) -> ::std::result::Result<P, C>;
        fn each_0(&self) -> ::core::primitive::u8;
        fn r#match(
            &self,
            r#type: ::core::primitive::u32,
            result: &dyn Game,
        ) -> ::core::primitive::u32;
        fn call(&self) -> ::core::primitive::bool;
        fn target(&self);
        fn clone(&self);
        fn entry(&self);
        fn fmt(&self);
        fn drop(&mut self);
        #[since("1.1.0")]
        fn late(&self, target: P, callee: C, proxy: __p, out: ::core::primitive::u32) -> P {
            let _ = (callee, proxy, out);
            self.entry();
            target
        }
        #[since("1.1.0")]
        fn late_mut(&mut self, target: P, this: &dyn Game) -> P {
            this.fmt();
            self.drop();
            target
        }
    }
}

/// As many of the forms that generated code has, with constants of all their locals' names in scope.
mod among_constants {
    #[allow(unused_imports, reason = "in the way")]
    use super::{Everywhere as _, locals::*};

    #[derive(hotswap_abi::Portable)]
    pub struct Score<T> {
        pub points: T,
        #[portable(with = as_text)]
        pub name: u16,
        #[portable(serde)]
        pub rank: Option<u8>,
    }
    pub mod as_text {
        pub type Repr = String;
        pub fn to(name: &u16) -> String {
            name.to_string()
        }
        pub fn from(name: String) -> Result<u16, std::num::ParseIntError> {
            name.parse()
        }
    }
    #[derive(hotswap_abi::Portable)]
    pub enum Command {
        Stop,
        Go(u8),
    }
    #[derive(hotswap_abi::Plain, Clone, Copy)]
    #[repr(transparent)]
    pub struct Plain(pub u8);
    #[derive(hotswap_abi::Plain, Clone, Copy)]
    #[repr(i64)]
    pub enum Number {
        One = -1,
    }
    #[derive(
        hotswap_abi::HotState, hotswap_abi::Movable, serde::Serialize, serde::Deserialize, Clone,
    )]
    #[hot_state(version = 1)]
    pub struct WorldV1(pub u8);
    #[derive(
        hotswap_abi::HotState, hotswap_abi::Movable, serde::Serialize, serde::Deserialize, Clone,
    )]
    #[hot_state(version = 2, previous = WorldV1)]
    pub struct World {
        pub size: u8,
        pub kind: Kind,
    }
    #[derive(
        hotswap_abi::Shape, hotswap_abi::Movable, serde::Serialize, serde::Deserialize, Clone,
    )]
    pub enum Kind {
        Flat,
        Round(u8),
    }
    impl hotswap_abi::Migrate<WorldV1> for World {
        fn upgrade(old: WorldV1) -> Result<Self, hotswap_abi::MigrateError> {
            Ok(Self { size: old.0, kind: Kind::Flat })
        }
    }
    #[derive(Debug, hotswap_abi::Portable)]
    pub struct Failed;
    impl From<hotswap_abi::CallError> for Failed {
        fn from(_: hotswap_abi::CallError) -> Self {
            Self
        }
    }

    #[hotswap_abi::interface(version = "1.1.0")]
    pub trait Every: Send + Sync {
        fn values(&self, score: Score<u8>, command: Command, plain: Plain) -> Score<u8>;
        fn lent(&mut self, text: &str, one: &Plain, all: &mut [Number], mine: &mut Plain);
        fn objects(&self, every: &dyn Every, each: &mut dyn FnMut(u8, &str) -> Command);
        fn world(&self, #[same_build] world: &World, #[same_build] mine: &mut World);
        #[fold]
        fn fold(&self) -> Result<u8, Failed>;
        #[since("1.1.0")]
        fn late(&self, every: &mut dyn Every) -> u8 {
            every.lent("", &Plain(1), &mut [], &mut Plain(2));
            1
        }
    }
}

use case::{C, Caller, Game, P};

#[derive(Default)]
struct Arcade(u32);

module!(Arcade: Game);

impl Game for Arcade {
    fn attack(
        &mut self,
        mut target: P,
        _: C,
        proxy: case::__Proxy,
        data: &case::__Proxy,
        sink: &mut [case::__p],
        caller: Caller<P, C>,
    ) -> P {
        assert_eq!(caller.error, C::Some { None: 1, other: 2 });
        sink[0] = case::__p::None;
        self.0 += proxy.data + data.data;
        target.x = self.0;
        target
    }
    fn each(&self, error: &mut dyn FnMut(u32, &case::__Proxy) -> C, self_: u64) -> Result<P, C> {
        Err(error(u32::try_from(self_).unwrap(), &case::__Proxy { data: 1, out: case::__p::Ok }))
    }
    fn each_0(&self) -> u8 {
        8
    }
    fn r#match(&self, r#type: u32, result: &dyn Game) -> u32 {
        r#type + u32::from(result.each_0())
    }
    fn call(&self) -> bool {
        true
    }
    fn target(&self) {}
    fn clone(&self) {}
    fn entry(&self) {}
    fn fmt(&self) {}
    fn drop(&mut self) {}
}

fn some_p() -> P {
    P { x: 1, out: vec![2], input: "three".to_owned() }
}

#[test]
fn calls_work_whatever_the_names_are() {
    let mut game = start::<dyn Game, Arcade>();
    let proxy = case::__Proxy { data: 3, out: case::__p::Ok };
    let mut sink = [case::__p::Ok];
    let caller = Caller { value: some_p(), error: C::Some { None: 1, other: 2 } };
    let mut client = game.client::<dyn Game>();
    let attacked = client.attack(some_p(), C::Ok, proxy, &proxy, &mut sink, caller).unwrap();
    assert_eq!(attacked, P { x: 6, ..some_p() });
    assert!(matches!(sink, [case::__p::None]));
    let each = client.each(&mut |n, at| C::Err(u8::try_from(n + at.data).unwrap()), 4).unwrap();
    assert_eq!(each, Err(C::Err(5)));
    assert_eq!(client.each_0().unwrap(), 8);
    assert_eq!(client.r#match(1, &Arcade(0)).unwrap(), 9);
    assert!(client.call().unwrap());
    assert_eq!(client.late(some_p(), C::Ok, case::__p::Ok, 1).unwrap(), some_p());
    assert_eq!(client.late_mut(some_p(), &Arcade(0)).unwrap(), some_p());
}
