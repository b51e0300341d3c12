//! A host in small: starts a module from its exported root, and calls it.

use std::{cell::RefCell, marker::PhantomData, slice, sync::Arc};

use hotswap_abi::{
    __private::{
        interface::{Caller, Entry, Origin, Target},
        module::{Export, RootRef, START_FRESH},
        portable::{Buffer, Str},
    },
    CallError, HotModule, Interface,
};

/// A started module.
pub struct Double {
    root: RootRef,
    instance: *mut (),
    context: *mut (),
    methods: Vec<*const ()>,
    origin: Origin,
}

/// What a client calls through: the exclusive borrow stands for the instance's lock.
pub struct Handle<'a>(PhantomData<&'a Double>, *const Double);

/// Starts `M` for a host that was compiled with interface `I`.
pub fn start<I: Interface + ?Sized, M: HotModule>() -> Double {
    // SAFETY: made by the derive in this very program.
    let root = unsafe { Export::check(M::export()) }.unwrap();
    // SAFETY: pointer and length come from one slice.
    let entries: &[Entry] = unsafe { slice::from_raw_parts(root.entries(), root.count()) };
    let methods = I::METHODS
        .iter()
        .map(|name| {
            entries
                .iter()
                // SAFETY: the names are constants of this program.
                .find(|entry| unsafe { entry.name.as_str() } == *name)
                .map_or(std::ptr::null(), |entry| entry.entry)
        })
        .collect();
    let life = root.life();
    let mut buffer = Buffer::new();
    // SAFETY: name and sink live until the call returns.
    let context = unsafe { (life.context)(Str::new("slot"), 1, buffer.sink()) };
    assert!(context.status.is_ok());
    // SAFETY: the context was made above, and there is no state.
    let started =
        unsafe { (life.start)(START_FRESH, context.value, std::ptr::null_mut(), buffer.sink()) };
    assert!(started.status.is_ok(), "start failed");
    let name: Arc<str> = "arcade 1.0.0 (generation 1)".into();
    // SAFETY: the module is part of this program.
    let origin = unsafe { Origin::new(name, root.take_failure()) };
    Double { root, instance: started.value, context: context.value, methods, origin }
}

impl Double {
    /// Where its calls go.
    pub fn target(&self) -> Target<'_> {
        // SAFETY: the instance lives as long as this; the methods were found by name.
        unsafe { Target::new(self.instance, &self.methods, &self.origin) }
    }

    /// A client for one interface.
    pub fn client<I: Interface + ?Sized>(&mut self) -> I::Client<Handle<'_>> {
        I::client(Handle(PhantomData, self))
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let life = self.root.life();
        let mut buffer = Buffer::new();
        // SAFETY: `start` made it; given away once, here.
        unsafe { (life.stop)(self.instance, buffer.sink()) };
        // SAFETY: as above.
        unsafe { (life.drop_context)(self.context) };
    }
}

impl Handle<'_> {
    fn target(&self) -> Target<'_> {
        // SAFETY: the double is borrowed for the handle's life.
        unsafe { &*self.1 }.target()
    }
}

// SAFETY: a test's handle is its instance's only one, and calls borrow it as they borrow this.
unsafe impl Caller for Handle<'_> {
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        _: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        call(self.target())
    }

    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        _: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        call(self.target())
    }
}

/// What `#[derive(HotModule)]` does, without the exported symbol: this program has many modules.
#[macro_export]
macro_rules! module {
    ($ty:ident: $interface:path) => {
        impl hotswap_abi::Module for $ty {
            type State = ();
            fn start(
                _: hotswap_abi::Start<()>,
                _: &hotswap_abi::Context,
            ) -> Result<Self, hotswap_abi::ModuleError> {
                Ok(Self::default())
            }
            fn state(&self) -> std::borrow::Cow<'_, ()> {
                std::borrow::Cow::Owned(())
            }
        }
        $crate::module!(@only $ty: $interface);
    };
    (@only $ty:ident: $interface:path) => {
        const _: () = {
            use hotswap_abi::__private as p;
            const SOURCE: p::ManifestSource =
                p::manifest_source::<$ty>(
                    "hotswap_root_test",
                    "test",
                    "1.0.0",
                    true,
                    &[],
                    "crate\ttest\t1.0.0\t\n",
                );
            const LEN: usize = p::encoded_len(&SOURCE);
            const BYTES: [u8; LEN] = p::encode(&SOURCE);
            static EXPORT: p::Export = p::export::<$ty>(&BYTES);
            // SAFETY: as the derive does it.
            unsafe impl p::HotModule for $ty {
                type Interface = dyn $interface;
                const MANIFEST: &'static [u8] = &BYTES;
                const ENTRIES: &'static [p::Entry] =
                    <dyn $interface as p::Serves<p::Owned<$ty>>>::TABLE;
                const MOVING: Option<&'static p::Moving> = None;
                fn export() -> &'static p::Export {
                    &EXPORT
                }
            }
        };
    };
}

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes something that happened on this thread.
pub fn log(text: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(text.into()));
}

/// What was noted since the last time.
pub fn logged() -> Vec<String> {
    LOG.take()
}
