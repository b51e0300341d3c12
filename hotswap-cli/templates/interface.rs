//! What the host and the module agree on. Both are built with it: after a change here, start the
//! host again.

use hotswap_abi::interface;

{{trait}}
