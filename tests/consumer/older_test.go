//go:build interop

package consumer

import "testing"

// The outbox's River and pgx are in a module of their own: an app that has older ones keeps them. This
// fetches those, so it is not part of make test.
func TestNoVersionOfTheAppIsRaised(t *testing.T) {
	t.Parallel()
	m := checkout(t, "older")
	m.goes("build", "-o", "older", ".")
	const want = "github.com/jackc/pgx/v5 v5.6.0\ngithub.com/riverqueue/river v0.11.4\n"
	if got := m.goes("list", "-m", "github.com/jackc/pgx/v5", "github.com/riverqueue/river"); got != want {
		t.Errorf("the app now has\n%swant\n%s", got, want)
	}
	if got := m.run(nil, "./older"); len(got) == 0 {
		t.Errorf("the app printed nothing")
	}
}
