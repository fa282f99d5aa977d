package emulator

// MemoryInUse is what the emulator counts as kept, in bytes.
func (e *Emulator) MemoryInUse() int {
	return e.state.Counts().Memory
}
