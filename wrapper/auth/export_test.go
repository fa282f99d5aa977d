package auth

import "time"

// SetCallTimeout lets a test outlast the bound of one call without waiting for it.
func (a *App) SetCallTimeout(d time.Duration) { a.callTimeout = d }
