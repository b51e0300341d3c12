pub trait Imports {}
