package emulator

// MemoryInUse is what the emulator counts as kept, in bytes.
func (e *Emulator) MemoryInUse() int {
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	return e.store.stored
}
