//! What one thread has of libraries: a page for each, with the destructors of its thread-locals in
//! the order in which they were asked for, and its values for the library's keys.
//!
//! They are destroyed when the thread ends, or when it is idle and the library's account is dying
//! ([`tidy`]), whichever is first; never in a call, for which they may take too long: the last that was asked for first, and then the keys' values, in
//! rounds, as the C library does it. A page keeps its account from being closed, and so the library
//! mapped, until its last destructor has returned.
//!
//! The book itself has no destructor in the eyes of Rust, so that it is there as long as the thread:
//! a library may be called from the destructor of any thread-local of the program. A thread with
//! pages is known to the C library twice: among the thread-locals' destructors, and, for what is
//! called after these, by a key.
//!
//! # Safety
//! Nothing of the book is borrowed while a destructor runs: it may come back for more.

use std::{
    cell::RefCell,
    mem::ManuallyDrop,
    ptr,
    sync::{Arc, OnceLock},
};

use libc::c_void;

use super::account::{self, Account, Destructor};

/// How often the C library looks for values that destructors have left, and we do.
const ROUNDS: usize = 4;

#[derive(Debug)]
struct Book {
    pages: Vec<Page>,
    /// The library that has started this thread.
    starter: Option<Running>,
    /// Whether [`end`] is called when the thread ends.
    is_known: bool,
}

/// What the thread has of one library.
#[derive(Debug)]
struct Page {
    account: Arc<Account>,
    /// The thread in the account.
    number: u64,
    destructors: Vec<(Destructor, *mut c_void)>,
    /// By the index of the key: the key's serial number, and the value.
    values: Vec<(u64, *mut c_void)>,
    /// Whether a [`destroy`] of this thread is at it. A destructor may lead back here, and the page
    /// must stay until it has returned.
    is_busy: bool,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.account.remove_valued(self.number);
    }
}

/// A thread that a library has started, for as long as the library's code may run in it.
#[derive(Debug)]
pub(super) struct Running {
    account: Arc<Account>,
    number: u64,
}

impl Running {
    /// A thread that is about to be started; `None` when the library must start no more.
    pub(super) fn new(account: &Arc<Account>) -> Option<Self> {
        let number = account.add_thread()?;
        Some(Self { account: Arc::clone(account), number })
    }

    /// It is the current thread, for as long as this lives.
    pub(super) fn is_here(&self) {
        self.account.has_begun(self.number, thread());
    }

    /// The current thread is it, to its end.
    pub(super) fn begin(self) {
        self.is_here();
        with(|book| {
            book.starter = Some(self);
            book.make_known();
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.account.remove_thread(self.number);
    }
}

thread_local! {
    static BOOK: ManuallyDrop<RefCell<Book>> = const {
        let book = Book { pages: Vec::new(), starter: None, is_known: false };
        ManuallyDrop::new(RefCell::new(book))
    };
}

fn with<R>(use_it: impl FnOnce(&mut Book) -> R) -> R {
    BOOK.with(|book| use_it(&mut book.borrow_mut()))
}

/// The system's number of the current thread.
fn thread() -> i32 {
    // SAFETY: it takes nothing and gives a number.
    unsafe { libc::gettid() }
}

impl Book {
    /// The page of an account; a new one if need be, and `None` if the account is closed.
    fn page(&mut self, account: &Arc<Account>) -> Option<&mut Page> {
        let known = self.pages.iter().position(|page| Arc::ptr_eq(&page.account, account));
        let index = match known {
            Some(index) => index,
            None => {
                let number = account.add_valued(thread())?;
                let account = Arc::clone(account);
                let (destructors, values) = (Vec::new(), Vec::new());
                let page = Page { account, number, destructors, values, is_busy: false };
                self.pages.push(page);
                self.make_known();
                self.pages.len() - 1
            }
        };
        Some(&mut self.pages[index])
    }

    fn known(&mut self, account: &Arc<Account>) -> Option<&mut Page> {
        self.pages.iter_mut().find(|page| Arc::ptr_eq(&page.account, account))
    }

    fn make_known(&mut self) {
        if !self.is_known {
            self.is_known = true;
            at_end();
        }
    }
}

/// Notes the destructor of a thread-local. One that is asked for when the library is about to go is
/// not called.
pub(super) fn add(account: &Arc<Account>, destructor: Destructor, value: *mut c_void) {
    with(|book| {
        if let Some(page) = book.page(account) {
            page.destructors.push((destructor, value));
        }
    });
}

/// Sets the value for a key; whether there is such a key.
pub(super) fn set(account: &Arc<Account>, index: usize, value: *mut c_void) -> bool {
    let Some((serial, _)) = account.key(index) else { return false };
    with(|book| {
        // Nothing is as good as no page.
        let page = if value.is_null() { book.known(account) } else { book.page(account) };
        if let Some(page) = page {
            if page.values.len() <= index {
                page.values.resize(index + 1, (0, ptr::null_mut()));
            }
            page.values[index] = (serial, value);
        }
    });
    true
}

/// The value for a key; null if there is none.
pub(super) fn get(account: &Arc<Account>, index: usize) -> *mut c_void {
    let Some((serial, _)) = account.key(index) else { return ptr::null_mut() };
    with(|book| match book.known(account).and_then(|page| page.values.get(index)) {
        Some((known, value)) if *known == serial => *value,
        _ => ptr::null_mut(),
    })
}

/// Destroys what this thread has of libraries that die. The thread must not be about to go on in
/// code of one: nobody owns it any more, so only a thread that the library has started could be.
pub(crate) fn tidy() {
    if account::any_is_dying() {
        tidy_pages();
    }
}

#[cold]
fn tidy_pages() {
    let next = || {
        with(|book| {
            let starter = book.starter.as_ref().map(|running| &running.account);
            let dying = |page: &&Page| {
                let is_own = starter.is_some_and(|starter| Arc::ptr_eq(starter, &page.account));
                page.account.is_dying() && !is_own && !page.is_busy
            };
            book.pages.iter().find(dying).map(|page| Arc::clone(&page.account))
        })
    };
    while let Some(account) = next() {
        destroy(&account);
    }
}

/// Destroys what this thread has of one library, and forgets the page. No destructor of it may be
/// running on this thread.
fn destroy(account: &Arc<Account>) {
    let begin = |page: &mut Page| {
        page.is_busy = true;
        page.number
    };
    if let Some(number) = with(|book| book.known(account).map(begin)) {
        account.destroys(number);
    }
    for _ in 0..ROUNDS {
        destroy_locals(account);
        if !destroy_values(account) {
            break;
        }
    }
    destroy_locals(account);
    let page = with(|book| {
        let index = book.pages.iter().position(|page| Arc::ptr_eq(&page.account, account));
        index.map(|index| book.pages.remove(index))
    });
    drop(page);
}

fn destroy_locals(account: &Arc<Account>) {
    let next = || with(|book| book.known(account).and_then(|page| page.destructors.pop()));
    while let Some((destructor, value)) = next() {
        // SAFETY: the library has asked for this call, once, on this thread; it is mapped, because
        // the page is still there.
        unsafe { destructor(value) };
    }
}

/// One round; whether there was anything.
fn destroy_values(account: &Arc<Account>) -> bool {
    let mut any = false;
    let count = with(|book| book.known(account).map_or(0, |page| page.values.len()));
    for index in 0..count {
        let Some((serial, Some(destructor))) = account.key(index) else { continue };
        let value = with(|book| {
            let value = book.known(account)?.values.get_mut(index)?;
            let known = std::mem::replace(value, (0, ptr::null_mut()));
            (known.0 == serial && !known.1.is_null()).then_some(known.1)
        });
        if let Some(value) = value {
            any = true;
            // SAFETY: as for a thread-local; the key's destructor, with a value of this thread.
            unsafe { destructor(value) };
        }
    }
    any
}

/// The thread ends: what it has of any library is destroyed, and then it counts no more as a thread
/// of the library that has started it.
///
/// A destructor that ends the process is still below on the stack: its page stays.
unsafe extern "C" fn end(_: *mut c_void) {
    let idle = |page: &&Page| !page.is_busy;
    let last = || with(|book| book.pages.iter().rfind(idle).map(|page| Arc::clone(&page.account)));
    while let Some(account) = last() {
        destroy(&account);
    }
    let (room, starter) = with(|book| {
        book.is_known = false;
        // Nothing else gives it back.
        let room = book.pages.is_empty().then(|| std::mem::take(&mut book.pages));
        (room, book.starter.take())
    });
    drop((room, starter));
}

/// Has [`end`] called when the current thread ends.
fn at_end() {
    unsafe extern "C" {
        static __dso_handle: u8;
        fn __cxa_thread_atexit_impl(
            destructor: Destructor,
            value: *mut c_void,
            library: *mut c_void,
        ) -> libc::c_int;
    }
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the key is written to a place of ours, and `end` is of the program.
        (unsafe { libc::pthread_key_create(&mut key, Some(end)) } == 0).then_some(key)
    });
    let library = (&raw const __dso_handle).cast_mut().cast();
    // SAFETY: `end` needs no value, and belongs to the library that holds this code.
    unsafe { __cxa_thread_atexit_impl(end, ptr::null_mut(), library) };
    if let Some(key) = key {
        // What is called after the thread-locals' destructors is seen to as well.
        // SAFETY: our own key; any value but null has `end` called.
        unsafe { libc::pthread_setspecific(*key, ptr::dangling::<u8>().cast()) };
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Mutex, PoisonError},
        thread,
    };

    use super::*;
    use hotswap_types::Holder;

    static CALLED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

    unsafe extern "C" fn note(value: *mut c_void) {
        CALLED.lock().unwrap_or_else(PoisonError::into_inner).push(value as usize);
    }

    unsafe extern "C" fn quiet(_: *mut c_void) {}

    /// A destructor that comes back for more.
    unsafe extern "C" fn again(value: *mut c_void) {
        // SAFETY: the test gives a pointer to the account.
        let account = unsafe { &*value.cast::<Arc<Account>>() };
        add(account, note, number(100));
        // SAFETY: as `note` is called by a thread's end.
        unsafe { note(number(10)) };
    }

    fn number(number: usize) -> *mut c_void {
        ptr::without_provenance_mut(number)
    }

    fn called() -> Vec<usize> {
        std::mem::take(&mut CALLED.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[test]
    fn what_a_thread_has_is_destroyed_once_the_last_first() {
        let account = Arc::new(Account::default());
        let key = account.add_key(Some(note)).unwrap();
        let other = account.add_key(None).unwrap();
        let fill = |account: &Arc<Account>| {
            add(account, note, number(1));
            add(account, again, ptr::from_ref(account).cast_mut().cast());
            add(account, note, number(2));
            assert!(set(account, key, number(3)) && set(account, other, number(4)));
            assert!(!set(account, 9, number(5)) && get(account, 9).is_null());
            assert_eq!((get(account, key), get(account, other)), (number(3), number(4)));
        };
        // The end of the thread.
        thread::scope(|scope| scope.spawn(|| fill(&account)).join().unwrap());
        // `join` comes back after the thread-locals' destructors.
        assert_eq!(called(), [2, 10, 100, 1, 3]);
        assert!(account.holders().is_empty());

        // A dying account.
        fill(&account);
        tidy();
        assert_eq!(called(), [] as [usize; 0]);
        account.die();
        assert!(account.close().is_err());
        tidy();
        assert_eq!(called(), [2, 10, 100, 1, 3]);
        account.close().unwrap();
        // What comes now is forgotten.
        add(&account, note, number(6));
        tidy();
        assert!(with(|book| book.pages.is_empty()));
        assert_eq!(called(), [] as [usize; 0]);
    }

    /// A destructor that has the thread tidy up: the library's code is still below on the stack.
    unsafe extern "C" fn tidies(value: *mut c_void) {
        // SAFETY: the test gives a pointer to the account.
        let account = unsafe { &*value.cast::<Arc<Account>>() };
        account.die();
        tidy();
        // The rest is left to who is at it, and nobody may unmap the library.
        assert!(account.close().is_err());
        // SAFETY: what the end of a thread calls.
        unsafe { end(ptr::null_mut()) };
        assert!(account.close().is_err());
    }

    #[test]
    fn a_library_stays_while_a_destructor_of_it_has_the_thread_tidy_up() {
        let account = Arc::new(Account::default());
        let fill = |account: &Arc<Account>| {
            add(account, quiet, number(1));
            add(account, tidies, ptr::from_ref(account).cast_mut().cast());
        };
        // The thread ends while the library begins to die.
        thread::scope(|scope| scope.spawn(|| fill(&account)).join().unwrap());
        account.close().unwrap();

        // It is idle.
        let account = Arc::new(Account::default());
        fill(&account);
        account.die();
        tidy();
        account.close().unwrap();
    }

    #[test]
    fn a_thread_of_a_library_counts_to_its_end() {
        let account = Arc::new(Account::default());
        let running = Running::new(&account).unwrap();
        let (own, inner) = (Arc::clone(&account), Arc::clone(&account));
        thread::spawn(move || {
            running.begin();
            add(&inner, quiet, number(0));
            own.die();
            // It is code of the library's own that runs here.
            tidy();
            assert!(matches!(&*own.close().unwrap_err(), [Holder::Threads(_)]));
        })
        .join()
        .unwrap();
        account.close().unwrap();
    }
}
