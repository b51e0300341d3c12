//! A type that moves, and its description: what two libraries must agree on, as text.
//!
//! It is made at run time. A constant one of `struct Node { kids: Vec<Node> }` would refer to itself
//! (E0391), and here a list of the types that were seen ends the walk.
//!
//! # Why equal texts mean equal layouts
//! The text has the compiler with its commit, its flags, the target, and for each type its name, size
//! and alignment, its fields with name, offset and type, its variants with their names, numbers and
//! types, and its `#[repr]`. Where the offsets of a type of std, or the tag of an enum, are not to be
//! had, they follow from this: a compiler lays a type out as a function of its definition, the target
//! and the flags. The one flag that breaks it, `-Z randomize-layout`, is refused by the derives.

use std::{any::TypeId, collections::VecDeque, fmt::Display, fmt::Write as _};

use super::described::{Described, Traps};
use crate::manifest::TARGET;

/// The compiler that built this crate, with its commit, and the flags of this build.
const COMPILER: &str = env!("HOTSWAP_COMPILER");

/// A type whose values can be handed over as memory, to another build of the same module. Derive it:
/// ```
/// use std::collections::HashMap;
///
/// use hotswap_abi::{HotState, Movable, Shape};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(HotState, Movable, Serialize, Deserialize, Clone)]
/// #[hot_state(version = 1)]
/// pub struct World {
///     units: HashMap<u64, Unit>,
///     names: Vec<String>,
/// }
///
/// #[derive(Shape, Movable, Serialize, Deserialize, Clone)]
/// struct Unit {
///     name: String,
///     kind: Kind,
/// }
///
/// #[derive(Shape, Movable, Serialize, Deserialize, Clone)]
/// enum Kind {
///     Tree,
///     House { rooms: Vec<Unit> },
/// }
/// ```
/// and name the field with `#[hot_module(interface = Game, moves = world)]`
/// ([`HotModule`](macro@crate::HotModule)).
///
/// # A field of another crate's type
/// A field whose type is not `Movable` takes `#[movable(unsafe = "…")]`, which is a promise of yours:
/// ```
/// # mod smallvec {
/// #     #[derive(Clone, serde::Serialize, serde::Deserialize)] pub struct SmallVec<T>(Vec<T>);
/// # }
/// # use hotswap_abi::{Movable, Shape};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Shape, Movable, Serialize, Deserialize, Clone)]
/// struct Path {
///     // SAFETY: it owns its items, here or in memory of the global allocator; the lock file has one
///     // version of the crate.
///     #[shape(opaque)]
///     #[movable(unsafe = "smallvec 1.16")]
///     steps: smallvec::SmallVec<u16>,
/// }
/// ```
/// You promise, for each build of the module that has the same text there:
/// - the type is laid out alike, and its values mean the same: put into the text what that depends on,
///   such as the crate with its version and its features, and change it with these;
/// - a value owns what it points to, in memory of the global allocator, and nobody else points to that;
/// - beside that it points only to constants and functions of the library that has made it: to nothing
///   that is a thread's or changes, to no `static` with a lock or a counter;
/// - it can be dropped, and used in any other way, by the code of another build, while that library is
///   still mapped.
///
/// It is kept mapped: a library that such a value may have come from stays until the state leaves by its
/// encoding, as with an empty map inside of a collection.
///
/// # What is yours to keep
/// A value keeps what it had. So where a type's fields stay and their meaning changes, give the state
/// a new version, as you would for its encoding. This is also so for an `impl Hash`, `Eq` or `Ord` of
/// a key: a map does not notice that it has become another one. And code of your own that is `unsafe`
/// and relies on what a private field holds has to take what the version before has put there.
///
/// # Safety
/// A value must be valid in every library in which this type is [described](Description) alike: with
/// the same compiler for the same target, and an allocator that is shared. It may point to what it
/// has allocated, and to nothing else, and nobody else may point to that; but for what
/// [`mend`](Self::mend) mends, and `describe` [names](Description::trap). `describe` must name each
/// part whose values are part of the value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be handed over as memory",
    label = "`Movable` is not implemented for this",
    note = "types of glam and uuid: turn on the feature of hotswap-abi that is named like their crate, \
            `features = [\"glam\"]`",
    note = "a value that moves owns all it points to: no reference (also no `&'static str` or `Cow`), \
            function pointer, `dyn Trait`, raw pointer, `Rc`, `Arc` or lock",
    note = "derive `Movable` for your own types; for a type that cannot have it, keep the value in \
            another field of the module, or leave `moves = …` away: then the state is encoded"
)]
pub unsafe trait Movable: Sized + 'static {
    /// Names the parts of this type.
    fn describe(description: &mut Description);

    /// Replaces what points into the library that the value came from, at fixed places: in constant
    /// time. What is inside of a collection is left.
    fn mend(&mut self);
}

/// A walk through a type and its parts.
#[derive(Debug)]
pub struct Description {
    text: String,
    /// Types in the order in which they were found: their numbers in the text.
    seen: Vec<TypeId>,
    /// Types that were walked through, and whether inside of a collection.
    walked: Vec<(TypeId, bool)>,
    left: VecDeque<Visit>,
    /// The type that is being described.
    now: Option<Visit>,
    traps: Traps,
}

#[derive(Debug, Clone, Copy)]
struct Visit {
    number: usize,
    describe: fn(&mut Description),
    header: fn(&mut String),
    is_deep: bool,
    /// It was written before: only its traps are looked for.
    is_written: bool,
}

impl Description {
    /// Describes a type.
    #[must_use]
    pub fn of<T: Movable>() -> Described {
        let text = format!("{COMPILER}\nfor {TARGET}\n");
        let (seen, walked, left) = (Vec::new(), Vec::new(), VecDeque::new());
        let mut walk = Self { text, seen, walked, left, now: None, traps: Traps::None };
        walk.number::<T>(false);
        while let Some(visit) = walk.left.pop_front() {
            walk.now = Some(visit);
            if !visit.is_written {
                let _ = write!(walk.text, "#{} ", visit.number);
                (visit.header)(&mut walk.text);
            }
            (visit.describe)(&mut walk);
        }
        Described { text: walk.text, traps: walk.traps }
    }

    /// A part at a fixed place of the value, and where that is.
    pub fn field<T: Movable>(&mut self, name: &str, offset: usize) {
        let number = self.number::<T>(self.is_deep());
        self.line(format_args!("  {name} at {offset}: #{number}"));
    }

    /// A part at a fixed place that the compiler does not tell, of which there is one at most.
    pub fn part<T: Movable>(&mut self, name: &str) {
        let number = self.number::<T>(self.is_deep());
        self.line(format_args!("  {name}: #{number}"));
    }

    /// A part that the value points to, of which there may be many.
    pub fn behind<T: Movable>(&mut self, name: &str) {
        let number = self.number::<T>(true);
        self.line(format_args!("  {name} behind it: #{number}"));
    }

    /// A part whose type does not say that it can move, and somebody else promises it. `on` is what its
    /// layout depends on, beside its name, its size and its alignment. Where it points to is not known:
    /// into its library, for all that can be told.
    pub fn promised<T>(&mut self, name: &str, offset: Option<usize>, on: &str) {
        let at = offset.map(|offset| format!(" at {offset}")).unwrap_or_default();
        let (ty, size, align) = (std::any::type_name::<T>(), size_of::<T>(), align_of::<T>());
        self.line(format_args!(
            "  {name}{at}: {ty} of {size} bytes, aligned to {align}, promised on {on:?}"
        ));
        self.traps = Traps::Deep;
    }

    /// Something else that decides about the layout.
    pub fn fact(&mut self, fact: impl Display) {
        self.line(format_args!("  {fact}"));
    }

    /// The value itself may point into its library, and `mend` mends that.
    pub fn trap(&mut self) {
        self.traps = self.traps.max(if self.is_deep() { Traps::Deep } else { Traps::Fixed });
    }

    fn is_deep(&self) -> bool {
        self.now.is_some_and(|now| now.is_deep)
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        if self.now.is_none_or(|now| !now.is_written) {
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// The number of a type, which is walked through later unless it was.
    fn number<T: Movable>(&mut self, is_deep: bool) -> usize {
        let id = TypeId::of::<T>();
        let known = self.seen.iter().position(|seen| *seen == id);
        let number = known.unwrap_or_else(|| {
            self.seen.push(id);
            self.seen.len() - 1
        });
        if !self.walked.contains(&(id, is_deep)) {
            self.walked.push((id, is_deep));
            let (describe, header) = (T::describe as fn(&mut Self), header::<T> as fn(&mut String));
            let is_written = known.is_some();
            self.left.push_back(Visit { number, describe, header, is_deep, is_written });
        }
        number
    }
}

fn header<T>(text: &mut String) {
    let (name, size, align) = (std::any::type_name::<T>(), size_of::<T>(), align_of::<T>());
    let _ = writeln!(text, "{name} of {size} bytes, aligned to {align}");
}
