//! Sites: callsites of the host's own `tracing`, each standing for callsites of modules that say
//! the same of themselves.
//!
//! `tracing` never forgets a callsite, and a subscriber may refer to one for ever. So a site is made
//! of copies in the host's memory and is never freed. The next generation that has the same
//! callsite, in the same line, uses it again, and how many there are is bounded: see `callsites.rs`.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use hotswap_abi::__private::logs::{
    Interest,
    site::{Description, to_level},
};
use tracing_core::{
    Callsite, Dispatch, LevelFilter, Metadata, callsite, dispatcher, field::FieldSet,
    identify_callsite, metadata::Kind,
};

use super::filters;

/// The field that holds the module's name.
pub(super) const MODULE: &str = "hotswap.module";
/// The field that holds the number of the generation.
pub(super) const GENERATION: &str = "hotswap.generation";

/// A callsite of the host.
#[derive(Debug)]
pub(super) struct Site {
    metadata: OnceLock<Metadata<'static>>,
    /// An [`Interest`].
    interest: AtomicU8,
    is_registered: AtomicBool,
    form: Form,
}

/// What a site says of the callsites that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Name, target and fields are theirs.
    Own,
    /// Only kind and level are; the rest is put into the message.
    Plain,
}

impl Callsite for Site {
    fn set_interest(&self, interest: tracing_core::Interest) {
        let now = match () {
            () if interest.is_never() => Interest::NEVER,
            () if interest.is_always() => Interest::ALWAYS,
            () => Interest::SOMETIMES,
        };
        if self.interest.swap(now.0, Ordering::AcqRel) != now.0 {
            filters::changed();
        }
    }

    fn metadata(&self) -> &Metadata<'_> {
        self.data()
    }
}

impl Site {
    /// Makes one that is never freed.
    pub(super) fn leak(
        description: &Description<'static>,
        fields: &'static [&'static str],
        form: Form,
    ) -> &'static Self {
        let site: &'static Self = Box::leak(Box::new(Self {
            metadata: OnceLock::new(),
            interest: AtomicU8::new(Interest::SOMETIMES.0),
            is_registered: AtomicBool::new(false),
            form,
        }));
        site.metadata.get_or_init(|| {
            Metadata::new(
                description.name,
                description.target,
                to_level(description.level).expect("the decoder checks levels"),
                description.file,
                description.line,
                description.module_path,
                FieldSet::new(fields, identify_callsite!(site)),
                if description.is_span { Kind::SPAN } else { Kind::EVENT },
            )
        });
        site
    }

    /// The metadata.
    pub(super) fn data(&self) -> &Metadata<'static> {
        self.metadata.get().expect("set when it was made")
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// What the subscribers want of it.
    pub(super) fn interest(&self) -> Interest {
        Interest(self.interest.load(Ordering::Acquire))
    }

    /// Whether the thread's subscriber wants it here and now: what `tracing`'s macros ask.
    pub(super) fn is_wanted(&self, dispatch: &Dispatch) -> bool {
        let data = self.data();
        *data.level() <= LevelFilter::current()
            && match self.interest() {
                Interest::NEVER => false,
                Interest::ALWAYS => true,
                _ => dispatch.enabled(data),
            }
    }

    /// Makes it known to the subscribers, once. No lock may be held: their code runs.
    pub(super) fn register(&'static self) {
        if !self.is_registered.swap(true, Ordering::AcqRel) {
            callsite::register(self);
        }
    }
}

static IS_HEARD: AtomicBool = AtomicBool::new(false);

/// Whether anybody has ever listened in this process. Once true, it stays so.
pub(super) fn is_heard() -> bool {
    IS_HEARD.load(Ordering::Acquire)
}

/// Notices the first subscriber: `tracing` tells each callsite when one is made, and here is one
/// that is there from the beginning.
pub(super) fn start_to_listen() {
    struct Probe(OnceLock<Metadata<'static>>);

    impl Callsite for Probe {
        fn set_interest(&self, interest: tracing_core::Interest) {
            // The first answer, at its registration, may come from no subscriber at all.
            static IS_FIRST: AtomicBool = AtomicBool::new(true);
            let is_first = IS_FIRST.swap(false, Ordering::AcqRel);
            if (!is_first || !interest.is_never()) && !IS_HEARD.swap(true, Ordering::AcqRel) {
                filters::changed();
            }
        }

        fn metadata(&self) -> &Metadata<'_> {
            self.0.get_or_init(|| {
                Metadata::new(
                    "hotswap's probe",
                    "hotswap",
                    tracing_core::Level::TRACE,
                    None,
                    None,
                    None,
                    FieldSet::new(&[], identify_callsite!(&PROBE)),
                    Kind::HINT,
                )
            })
        }
    }

    static PROBE: Probe = Probe(OnceLock::new());
    static STARTED: AtomicBool = AtomicBool::new(false);
    if !STARTED.swap(true, Ordering::AcqRel) {
        callsite::register(&PROBE);
    }
    // One that was made before, and may be set yet.
    if dispatcher::has_been_set() || LevelFilter::current() != LevelFilter::OFF {
        IS_HEARD.store(true, Ordering::Release);
    }
}
