// The control, by spec/emulator.yaml: faults, time, limits, state.

package emulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/pdchannels/pdchannels/gen/emulatorserver"
	"github.com/pdchannels/pdchannels/wrapper/emulator/internal/clock"
)

// told tells those who follow of a change that is not kept.
func (e *Emulator) told(kind emulatorserver.EventKind) {
	_, _ = e.events.Append(emulatorserver.Event{Kind: kind}, 0) // what is only told cannot fail to be written
}

// ListFaults tells which are set.
func (c control) ListFaults(context.Context, emulatorserver.ListFaultsRequestObject) (emulatorserver.ListFaultsResponseObject, error) {
	return emulatorserver.ListFaults200JSONResponse{Faults: c.e.faults.List()}, nil
}

// AddFault sets one.
func (c control) AddFault(_ context.Context, request emulatorserver.AddFaultRequestObject) (emulatorserver.AddFaultResponseObject, error) {
	f, err := c.e.faults.Add(*request.Body)
	if err != nil {
		return nil, err
	}
	c.e.told(emulatorserver.EventKindFault)
	return emulatorserver.AddFault200JSONResponse(f), nil
}

// RemoveFaults removes all.
func (c control) RemoveFaults(context.Context, emulatorserver.RemoveFaultsRequestObject) (emulatorserver.RemoveFaultsResponseObject, error) {
	c.e.faults.Clear()
	c.e.told(emulatorserver.EventKindFault)
	return emulatorserver.RemoveFaults204Response{}, nil
}

// RemoveFault removes one.
func (c control) RemoveFault(_ context.Context, request emulatorserver.RemoveFaultRequestObject) (emulatorserver.RemoveFaultResponseObject, error) {
	if !c.e.faults.Remove(request.ID) {
		return nil, errNotThere
	}
	c.e.told(emulatorserver.EventKindFault)
	return emulatorserver.RemoveFault204Response{}, nil
}

// SetProfile chooses how the service behaves as a whole.
func (c control) SetProfile(_ context.Context, request emulatorserver.SetProfileRequestObject) (emulatorserver.SetProfileResponseObject, error) {
	if err := c.e.SetProfile(Profile(request.Body.Profile)); err != nil {
		return nil, err
	}
	return emulatorserver.SetProfile204Response{}, nil
}

// GetClock reads the clock.
func (c control) GetClock(context.Context, emulatorserver.GetClockRequestObject) (emulatorserver.GetClockResponseObject, error) {
	return emulatorserver.GetClock200JSONResponse(c.e.clockView()), nil
}

// MoveClock moves the clock.
func (c control) MoveClock(_ context.Context, request emulatorserver.MoveClockRequestObject) (emulatorserver.MoveClockResponseObject, error) {
	in := request.Body
	const most = 100 * 365 * 24 * 60 * 60
	if in.AdvanceSeconds < -most || in.AdvanceSeconds > most {
		return nil, errors.New("advance_seconds is more than a century")
	}
	if !in.Set.IsZero() {
		c.e.clockMoved(c.e.clock.Set(in.Set))
	}
	if in.AdvanceSeconds != 0 {
		c.e.clockMoved(c.e.clock.Advance(time.Duration(in.AdvanceSeconds * float64(time.Second))))
	}
	if in.Frozen != nil {
		c.e.clockMoved(c.e.clock.Freeze(*in.Frozen))
	}
	return emulatorserver.MoveClock200JSONResponse(c.e.clockView()), nil
}

// clockMoved keeps how the clock was set.
func (e *Emulator) clockMoved(s clock.Setting) {
	_, err := e.events.Append(emulatorserver.Event{
		Kind: emulatorserver.EventKindClock, Clock: &emulatorserver.ClockSetting{OffsetNs: int64(s.Offset), FrozenAt: s.FrozenAt},
	}, 0)
	if err != nil {
		e.cfg.Logger.Error("the clock's setting could not be written", "error", err)
	}
}

// GetLimits reads the limits.
func (c control) GetLimits(context.Context, emulatorserver.GetLimitsRequestObject) (emulatorserver.GetLimitsResponseObject, error) {
	return emulatorserver.GetLimits200JSONResponse(c.e.limits.view()), nil
}

// SetLimits changes the limits.
func (c control) SetLimits(_ context.Context, request emulatorserver.SetLimitsRequestObject) (emulatorserver.SetLimitsResponseObject, error) {
	if request.Body.BurstLimit < 0 || request.Body.DailyBudget < 0 {
		return nil, errors.New("burst_limit and daily_budget must not be negative")
	}
	c.e.limits.change(*request.Body)
	c.e.told(emulatorserver.EventKindLimits)
	return emulatorserver.SetLimits200JSONResponse(c.e.limits.view()), nil
}

// ExpireTokens ends tokens.
func (c control) ExpireTokens(_ context.Context, request emulatorserver.ExpireTokensRequestObject) (emulatorserver.ExpireTokensResponseObject, error) {
	c.e.ExpireTokens(request.Body != nil && request.Body.RefreshTokens)
	return emulatorserver.ExpireTokens204Response{}, nil
}

// Reset begins anew.
func (c control) Reset(context.Context, emulatorserver.ResetRequestObject) (emulatorserver.ResetResponseObject, error) {
	if err := c.e.Reset(); err != nil {
		return nil, err
	}
	return emulatorserver.Reset204Response{}, nil
}

// GetSnapshot writes all there is.
func (c control) GetSnapshot(context.Context, emulatorserver.GetSnapshotRequestObject) (emulatorserver.GetSnapshotResponseObject, error) {
	all, err := c.e.Snapshot()
	if err != nil {
		return nil, err
	}
	return emulatorserver.GetSnapshot200ApplicationXNdjsonResponse{Body: bytes.NewReader(all), ContentLength: int64(len(all))}, nil
}

// Restore puts a snapshot in the place of all there is.
func (c control) Restore(_ context.Context, request emulatorserver.RestoreRequestObject) (emulatorserver.RestoreResponseObject, error) {
	lines, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if err := c.e.Restore(lines); err != nil {
		return nil, err
	}
	return emulatorserver.Restore204Response{}, nil
}
