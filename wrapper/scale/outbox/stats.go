package outbox

import (
	"context"
	"fmt"
	"time"
)

// Stats is what an operator watches of one installation.
type Stats struct {
	Installation string
	Waiting      int64         // messages to be delivered, those behind a parked one included
	Oldest       time.Duration // since the oldest of them was appended; 0 if there is none
	Parked       int64
	Delivered    int64 // in all; a crash may leave out what was delivered since the installation was last idle
	Takeovers    int64 // from processes that died while they worked on it

	Working bool      // a process works on it, or is about to
	Asleep  string    // why it sleeps; empty if it does not
	WakesAt time.Time // when it goes on by itself; zero if it has nothing to wait for
}

// Stats returns the figures of all installations that ever had a message, by name.
func (o *Outbox) Stats(ctx context.Context) ([]Stats, error) {
	rows, err := o.store.db.QueryContext(ctx, o.store.sql(`SELECT c.installation, coalesce(w.waiting, 0), coalesce({now} - w.oldest, 0),
		coalesce(p.parked, 0), c.delivered, c.takeovers, c.state, c.reason, coalesce(c.wake_at, 0)
		FROM {t}claim AS c
		LEFT JOIN (SELECT installation, count(*) AS waiting, min(appended_at) AS oldest FROM {t}message WHERE state = 0 GROUP BY installation) AS w
			ON w.installation = c.installation
		LEFT JOIN (SELECT installation, count(*) AS parked FROM {t}message WHERE state = 2 GROUP BY installation) AS p
			ON p.installation = c.installation
		ORDER BY c.installation`))
	if err != nil {
		return nil, fmt.Errorf("outbox: stats: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []Stats
	for rows.Next() {
		var s Stats
		var oldest, state, wake int64
		if err := rows.Scan(&s.Installation, &s.Waiting, &oldest, &s.Parked, &s.Delivered, &s.Takeovers, &state, &s.Asleep, &wake); err != nil {
			return nil, fmt.Errorf("outbox: stats: %w", err)
		}
		s.Oldest = time.Duration(max(oldest, 0)) * time.Millisecond
		s.Working = state == 1 || state == 2
		s.WakesAt = timeOf(wake)
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("outbox: stats: %w", err)
	}
	return all, nil
}
