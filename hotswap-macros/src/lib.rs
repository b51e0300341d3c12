//! The macros of hotswap. Use them through `hotswap-abi`, which re-exports them.
//!
//! Each macro is parse → validate → expand. All mistakes of an item are gathered and shown at once,
//! each on the user's token with a hint; then a stub is emitted in place of the impls, so that one
//! mistake is one error. Generated code names its runtime as `::hotswap_abi::__private`, and nothing
//! else; what is unsafe in it is not the user's, and a `#![forbid(unsafe_code)]` stays quiet.
//! All other names in it that are not the user's begin with `__hotswap`, and are taken.

mod error;
mod fields;
mod interface;
mod module;
mod names;
mod portable;
mod same_build;
mod shape;
mod state;
mod types;

use proc_macro::TokenStream;

/// Makes a trait an interface, whose methods can be called across the boundary between a host and
/// a module.
///
/// ```
/// use hotswap_abi::{Portable, interface};
///
/// #[derive(Portable, Clone, Debug)]
/// pub struct Score {
///     pub player: String,
///     pub points: u32,
/// }
///
/// #[interface] // the version is this crate's, or: #[interface(version = "1.2.0")]
/// pub trait Game {
///     fn update(&mut self, engine: &mut dyn Engine, dt: f32) -> Vec<Score>;
///     fn title(&self) -> String;
/// }
///
/// /// Implemented by the host, lent for one call.
/// #[interface]
/// pub trait Engine {
///     fn play(&self, sound: u32);
/// }
/// ```
///
/// The trait stays what it is, and is implemented like any other. Beside it there is a client for
/// the calls of a slot, `GameClient`, with the same methods, which return `Result<_, CallError>`.
///
/// # What a signature may hold
/// | written | takes |
/// |---|---|
/// | `T`, also as a result | `Portable`: rebuilt in the receiver's memory |
/// | `&str` | lent without a copy |
/// | `&T`, `&mut T`, `&[T]`, `&mut [T]` | `Plain` data, lent without a copy |
/// | `&dyn I`, `&mut dyn I` | another interface, lent for the call |
/// | `&mut dyn FnMut(A) -> R` | a closure, lent for the call |
///
/// A method takes `&self` or `&mut self`; parameters, named lifetimes, borrowed results and
/// associated items do not compile. `Send` and `Sync` may be supertraits.
///
/// # Methods that are added later
/// A method with a body may be missing in a module that was built before: then the body runs on
/// the caller's side, and calls the module's other methods. `#[since("1.1.0")]` says since when.
/// ```
/// # use hotswap_abi::interface;
/// #[interface(version = "1.1.0")]
/// pub trait Game {
///     fn title(&self) -> String;
///     #[since("1.1.0")]
///     fn greeting(&self, name: &str) -> String {
///         format!("{}: hello {name}", self.title())
///     }
/// }
/// ```
///
/// # Failures in the method's own error
/// `#[fold]` on a method that returns `Result<T, E>`, where `E: From<CallError>`, makes the client
/// return just that, with a call's failure as an `E`.
/// ```
/// # use hotswap_abi::{CallError, Portable, interface};
/// #[derive(Portable, Debug)]
/// pub enum SaveError {
///     DiskFull,
///     Call(String),
/// }
///
/// impl From<CallError> for SaveError {
///     fn from(error: CallError) -> Self {
///         Self::Call(error.to_string())
///     }
/// }
///
/// #[interface]
/// pub trait Store {
///     #[fold]
///     fn save(&mut self, name: &str) -> Result<u64, SaveError>;
/// }
/// ```
///
/// # Errors that are no failures
/// While a version is on trial, an `Err` that a method returns counts as a failure of that version.
/// `#[not_replayed]` is for a method that a rehearsal is not to call again with the arguments of real
/// calls: it sends mail, for example.
///
/// `#[expected]` is for a method whose `Err` is an answer like any other.
/// ```
/// # use hotswap_abi::interface;
/// #[interface]
/// pub trait Door {
///     #[expected]
///     fn open(&mut self, code: u32) -> Result<(), String>;
/// }
/// ```
///
/// # Values of other crates' types
/// `#[portable(serde)]` on an argument, or on a method for its result, takes any owned type that has
/// serde's traits. It crosses by its serde form, and is described by its name:
/// ```
/// # use hotswap_abi::interface;
/// # #[derive(serde::Serialize, serde::Deserialize)] pub struct Query;
/// # #[derive(serde::Serialize, serde::Deserialize)] pub struct Page;
/// #[interface]
/// pub trait Search {
///     #[portable(serde)]
///     fn find(&self, #[portable(serde)] query: Query, page: u32) -> Page;
/// }
/// ```
///
/// # Values of the host's own types
/// An argument marked `#[same_build]` may be a reference to any type. It is lent as it is, to a side
/// that was built from the same sources by the same compiler: a host opts in with
/// `Config::lend_rust_types`, and artifacts of any other build are refused.
/// ```
/// # use hotswap_abi::interface;
/// pub struct World {
///     pub actors: Vec<Box<dyn Fn() -> u32>>,
/// }
///
/// #[interface]
/// pub trait Scene {
///     fn tick(&mut self, #[same_build] world: &mut World);
/// }
/// ```
#[proc_macro_attribute]
pub fn interface(attr: TokenStream, item: TokenStream) -> TokenStream {
    interface::interface(attr.into(), item.into()).into()
}

/// Makes a struct or an enum a value that crosses: it is rebuilt in the receiver's own memory.
///
/// Every field must be portable itself; type parameters are bound to be. A field of another crate's
/// type takes one of two attributes:
/// ```
/// use hotswap_abi::Portable;
/// # mod url {
/// #     #[derive(Clone)] pub struct Url(pub String);
/// #     impl Url { pub fn parse(s: &str) -> Result<Self, String> { Ok(Self(s.into())) } }
/// # }
/// # mod uuid {
/// #     #[derive(serde::Serialize, serde::Deserialize)] pub struct Uuid(u128);
/// # }
///
/// #[derive(Portable)]
/// pub enum Command {
///     Stop,
///     Open {
///         // By serde's traits; the description says no more than the type's name.
///         #[portable(serde)]
///         id: uuid::Uuid,
///         // By way of a type that is portable.
///         #[portable(with = as_text)]
///         page: url::Url,
///     },
/// }
///
/// mod as_text {
///     pub type Repr = String;
///     pub fn to(url: &url::Url) -> String {
///         url.0.clone()
///     }
///     pub fn from(text: String) -> Result<url::Url, String> {
///         url::Url::parse(&text)
///     }
/// #   use super::url;
/// }
/// # fn main() {}
/// ```
#[proc_macro_derive(Portable, attributes(portable))]
pub fn portable(input: TokenStream) -> TokenStream {
    portable::portable(input.into()).into()
}

/// Makes a `#[repr(C)]` or `#[repr(transparent)]` struct, or an enum without fields and with a number
/// as its representation, data that is lent across the boundary in place. It is portable, too.
///
/// ```
/// use hotswap_abi::Plain;
///
/// #[derive(Plain, Clone, Copy, Debug)]
/// #[repr(C)]
/// pub struct Sprite {
///     pub x: f32,
///     pub y: f32,
///     pub layer: Layer,
/// }
///
/// #[derive(Plain, Clone, Copy, Debug)]
/// #[repr(u8)]
/// pub enum Layer {
///     Back,
///     Front,
/// }
/// ```
#[proc_macro_derive(Plain, attributes(portable))]
pub fn plain(input: TokenStream) -> TokenStream {
    portable::plain(input.into()).into()
}

/// Makes a type a state: `#[hot_state(version = 2, previous = WorldV1, name = "world")]`.
///
/// `version` is required; `previous` names the type of the version before, from which
/// `Migrate` makes this one; `name` is the type's, without a `V1` at its end, unless it is given.
/// ```
/// use hotswap_abi::{HotState, Migrate, MigrateError, Shape};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 1)]
/// pub struct WorldV1 {
///     units: Vec<Unit>,
/// }
///
/// #[derive(HotState, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 2, previous = WorldV1)]
/// pub struct World {
///     units: Vec<Unit>,
///     #[serde(default)]
///     level: u8,
/// }
///
/// // A part of a state describes itself, so that its changes are noticed.
/// #[derive(Shape, Serialize, Deserialize, Clone)]
/// struct Unit {
///     name: String,
/// }
///
/// impl Migrate<WorldV1> for World {
///     fn upgrade(old: WorldV1) -> Result<Self, MigrateError> {
///         Ok(World { units: old.units, level: 1 })
///     }
/// }
/// ```
/// The description of a state is part of the manifest: fields, variants and serde's attributes, as
/// deep as its types derive `Shape`. A type that does not describe itself is known by the text of
/// the field's type; `#[shape(opaque)]` on a field makes it so. What the codec cannot carry
/// faithfully (`Option<Option<T>>`) does not compile.
#[proc_macro_derive(HotState, attributes(hot_state, shape))]
pub fn hot_state(input: TokenStream) -> TokenStream {
    state::hot_state(input.into()).into()
}

/// Makes a type describe itself as a part of a state; see `HotState`.
///
/// Where a type mentions a type parameter or itself, its parts must describe themselves, too, or be
/// marked `#[shape(opaque)]`.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn shape(input: TokenStream) -> TokenStream {
    state::shape(input.into()).into()
}

/// Makes a type one that can be handed over as memory, if its fields are: see the trait of that name.
///
/// Type parameters are bound to be `Movable`, too. For a field of another crate's type you can promise
/// it: `#[movable(unsafe = "…")]`.
#[proc_macro_derive(Movable, attributes(movable))]
pub fn movable(input: TokenStream) -> TokenStream {
    state::movable(input.into()).into()
}

/// Makes a struct the module of its crate.
///
/// The struct implements the interface. The derive exports what a host needs under the crate's name, and
/// writes the manifest into the artifact; so a package can have one.
/// ```
/// # use hotswap_abi::interface;
/// # #[interface] pub trait Game { fn score(&mut self) -> u32; }
/// use hotswap_abi::{HotModule, HotState};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Serialize, Deserialize, Clone, Default)]
/// #[hot_state(version = 1)]
/// pub struct World {
///     score: u32,
/// }
///
/// #[derive(HotModule)]
/// #[hot_module(interface = Game, state = world)]
/// pub struct Arcade {
///     world: World,
///     cache: Vec<u8>,
/// }
///
/// impl Game for Arcade {
///     fn score(&mut self) -> u32 {
///         self.world.score += 1;
///         self.world.score
///     }
/// }
/// ```
///
/// | `#[hot_module(…)]` | |
/// |---|---|
/// | `interface = Game` | what the module implements |
/// | `state = world` | implements `Module`: this field is the state, at first by `Default`; the other fields are made by `Default` at each start |
/// | `state = ()` | implements `Module` for a struct without a state: all fields are made by `Default` |
/// | `moves = world` | this field, which is the state, is handed over [as memory](#a-state-that-is-handed-over-as-memory) |
/// | `requires("audio")` | services that the host must offer |
///
/// Without `state = …` implement `Module` yourself, to do more in its `start`, to test, or to clean up.
///
/// # A state that is handed over as memory
/// `moves = world` names the field that holds the module's state. Where the next build has the same
/// state, compiler and allocator, the bytes of that field go over instead of its encoding, and callers
/// wait no longer for a large state than for a small one:
/// ```
/// # use hotswap_abi::interface;
/// # #[interface] pub trait Game { fn title(&self) -> String; }
/// use std::{borrow::Cow, collections::HashMap};
///
/// use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Movable, Start};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Movable, Serialize, Deserialize, Clone, Default)]
/// #[hot_state(version = 1)]
/// pub struct World {
///     names: HashMap<u64, String>,
/// }
///
/// #[derive(HotModule)]
/// #[hot_module(interface = Game, moves = world)]
/// pub struct Arcade {
///     world: World,
///     longest: usize,
/// }
///
/// impl Module for Arcade {
///     type State = World;
///     fn start(from: Start<World>, _: &Context) -> Result<Self, ModuleError> {
///         // Where `cx.state_follows()` this is `Start::Fresh`, beside the version that serves.
///         let mut arcade = Arcade { world: from.state().unwrap_or_default(), longest: 0 };
///         arcade.arrived()?;
///         Ok(arcade)
///     }
///     fn state(&self) -> Cow<'_, World> {
///         Cow::Borrowed(&self.world)
///     }
///     // What else the instance has is made from the state when that has come.
///     fn arrived(&mut self) -> Result<(), ModuleError> {
///         self.longest = self.world.names.values().map(String::len).max().unwrap_or(0);
///         Ok(())
///     }
/// }
///
/// impl Game for Arcade {
///     fn title(&self) -> String {
///         format!("Arcade with {}", self.world.names.len())
///     }
/// }
/// ```
/// The other fields stay with their instance: they must make sense with another state, at the latest
/// when `arrived` has returned. `start` and `self_test` run while the version before still serves,
/// with a state of their own; what cannot be held twice is taken in `arrived`. The version before is
/// suspended, and has that other state until it is stopped, or gets its own back in a rollback.
#[proc_macro_derive(HotModule, attributes(hot_module))]
pub fn hot_module(input: TokenStream) -> TokenStream {
    module::hot_module(input.into()).into()
}

/// `HostBuild` of the program that it expands in; the argument is the path of `hotswap-core`.
#[doc(hidden)]
#[proc_macro]
pub fn host_build(core: TokenStream) -> TokenStream {
    same_build::host_build(&core.into()).into()
}
