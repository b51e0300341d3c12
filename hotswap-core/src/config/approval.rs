//! Who says yes to an upgrade.

use std::{fmt, sync::Arc, time::Duration};

use crate::plan::{Level, Plan};

/// Who says yes to an upgrade, once its plan is known and before anything of the artifact runs.
///
/// The first version of a slot needs nobody's word.
///
/// ```
/// use hotswap_core::{Approval, SlotConfig, plan::Level};
///
/// // What is risky waits for `Operator::approve`, or for `hotswap approve`.
/// let shop = SlotConfig::folder("/srv/shop").with_approval(Approval::up_to(Level::Low));
/// ```
#[derive(Clone)]
pub struct Approval {
    up_to: Option<Level>,
    ask: Option<Ask>,
    pub(crate) expiry: Duration,
}

const A_DAY: Duration = Duration::from_secs(24 * 3600);

type Ask = Arc<dyn Fn(&Plan) -> Decision + Send + Sync>;

/// What somebody says to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Go on.
    Approve,
    /// The artifact is rejected.
    Reject {
        /// Why.
        why: String,
    },
    /// It waits for [`Operator::approve`](crate::Operator::approve).
    Wait,
}

impl Approval {
    /// Each upgrade waits for [`Operator::approve`](crate::Operator::approve).
    #[must_use]
    pub const fn by_call() -> Self {
        Self { up_to: None, ask: None, expiry: A_DAY }
    }

    /// Upgrades go on by themselves up to this level of risk; the others wait.
    #[must_use]
    pub const fn up_to(level: Level) -> Self {
        Self { up_to: Some(level), ask: None, expiry: A_DAY }
    }

    /// The program decides, on the host's own thread: as an event callback it must not wait for an
    /// upgrade.
    #[must_use]
    pub fn ask(ask: impl Fn(&Plan) -> Decision + Send + Sync + 'static) -> Self {
        Self { ask: Some(Arc::new(ask)), ..Self::by_call() }
    }

    /// What waits for so long is called off: a day, unless told otherwise.
    #[must_use]
    pub const fn with_expiry(mut self, expiry: Duration) -> Self {
        self.expiry = expiry;
        self
    }

    pub(crate) fn decide(&self, plan: &Plan) -> Decision {
        if let Some(ask) = &self.ask {
            return ask(plan);
        }
        match self.up_to {
            Some(most) if plan.level() <= most => Decision::Approve,
            _ => Decision::Wait,
        }
    }
}

impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { up_to, ask, expiry } = self;
        f.debug_struct("Approval")
            .field("up_to", up_to)
            .field("ask", &ask.is_some())
            .field("expiry", expiry)
            .finish()
    }
}
