// Faults of every kind at one request in five, and an outage.

package faults

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/pdchannels/pdchannels/wrapper/channels"
)

// chaos is a plan by which every fifth request and every tenth connection meets a fault. Which one, the
// id and the number of the request decide, so that a run is like the next whoever comes first.
type chaos struct {
	faults []fault

	mu          sync.Mutex
	connections int
	requests    map[string]int
	met         map[string][]failure // by operation and id
	taken       map[string]int       // requests, by their token
}

// newChaos takes in every fault after which a call may go on, once each.
func newChaos() *chaos {
	c := &chaos{requests: map[string]int{}, met: map[string][]failure{}, taken: map[string]int{}}
	for _, f := range faults() {
		if goesOn := []failure{lost, lostApplied, limited, staleToken}; slices.Contains(goesOn, f.is) && !breaksConnecting(f.steps[0].breaks) {
			c.faults = append(c.faults, f)
		}
	}
	slices.SortFunc(c.faults, func(a, b fault) int { return cmp.Compare(a.name, b.name) })
	return c
}

func (c *chaos) connects() step {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.connections++; c.connections % 20 {
	case 0:
		return step{breaks: refused}
	case 10:
		return step{breaks: accepted}
	default:
		return step{}
	}
}

func (c *chaos) answers(r *request) step {
	if err := r.readBody(); err != nil {
		return step{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, r.key(), c.requests[r.key()], "seed")
	c.requests[r.key()]++
	sum := h.Sum64() >> 7
	f := c.faults[sum/5%uint64(len(c.faults))]
	// A token is refused once the client knows that it was good: it has as many requests in flight at most.
	if young := c.taken[r.token] <= 64; sum%5 != 0 || f.is == staleToken && young {
		c.taken[r.token]++
		return step{}
	}
	c.met[r.key()] = append(c.met[r.key()], f.is)
	return f.steps[0]
}

func (c *chaos) hasMet(operation, id string, fs ...failure) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.met[operation+" "+id], func(f failure) bool { return slices.Contains(fs, f) })
}

// callAll makes n calls by 50 workers, and returns what came of each.
func callAll(t *testing.T, op operation, client *channels.Client, n int) (errs []error, inferred []bool) {
	t.Helper()
	errs, inferred = make([]error, n), make([]bool, n)
	var group sync.WaitGroup
	ids := make(chan int)
	for range 50 {
		group.Go(func() {
			for i := range ids {
				inferred[i], errs[i] = op.call(t.Context(), client, strconv.Itoa(i))
			}
		})
	}
	for i := range n {
		ids <- i
	}
	close(ids)
	group.Wait()
	return errs, inferred
}

func TestChaos(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		name, calls := op.name, 800
		if op.name == "receiveMessage" { // of which it is judged how many fail
			calls = 2000
		}
		if op.again {
			name += " again"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				plan := newChaos()
				// A channel that is registered twice would be seen, but where "exists" tells of an earlier attempt.
				p := &pipedrive{plan: plan, lax: op.name == "addChannel" && !op.again}
				client := p.newClient(t, channels.OAuth(&renewing{}), channels.WithRetries(channels.RetryPolicy{RepeatAddChannel: op.again}))
				errs, inferred := callAll(t, op, client, calls)
				failed, unknown := 0, 0
				for i, err := range errs {
					id := strconv.Itoa(i)
					applied := p.appliedTo(op.name, id)
					e, _ := errors.AsType[*channels.Error](err)
					switch {
					case applied > 1 && op.name != "receiveMessage":
						t.Errorf("%s was doubled: applied %d times", id, applied)
					case err == nil && applied == 0:
						t.Errorf("%s was lost: reported as done", id)
					case err != nil && applied > 0 && e.Outcome != channels.Unknown:
						t.Errorf("%s was applied, and reported as %v", id, err)
					case lax(op) && !unknownAsItShould(e, plan.hasMet(op.name, id, lost, lostApplied)):
						t.Errorf("%s: met %v, and was reported as %v", id, plan.met[op.name+" "+id], err)
					case inferred[i] != (op.again && err == nil && plan.hasMet(op.name, id, lostApplied)):
						t.Errorf("%s: met %v, inferred is %v", id, plan.met[op.name+" "+id], inferred[i])
					}
					if err != nil {
						failed++
					}
					if e != nil && e.Outcome == channels.Unknown {
						unknown++
					}
				}
				t.Logf("%d of %d failed, %d of them unknown; %d requests", failed, calls, unknown, len(p.requests()))
				if most := calls / 200; failed > most && op.name == "receiveMessage" {
					t.Errorf("%d of %d failed, want at most %d", failed, calls, most)
				}
				if met := len(plan.met); met < calls/6 {
					t.Errorf("only %d of %d calls met a fault", met, calls)
				}
			})
		})
	}
}

// unknownAsItShould checks a call that is not repeated once its outcome is unknown: it is so after a request that was lost.
// A connection that is closed on accept loses one too, and no plan is asked; one that is refused loses none, which may
// happen to each of the attempts.
func unknownAsItShould(e *channels.Error, lost bool) bool {
	isUnknown := e != nil && e.Outcome == channels.Unknown
	return isUnknown == lost || isUnknown && e.StatusCode == 0
}

// lax tells whether the operation fails whenever its outcome is unknown.
func lax(op operation) bool { return op.name == "addChannel" && !op.again }

// The same through Deliver, which moreover keeps each conversation in order.
func TestDeliverInChaos(t *testing.T) {
	t.Parallel()
	const messages, conversations = 2000, 250
	synctest.Test(t, func(t *testing.T) {
		plan := newChaos()
		p := &pipedrive{plan: plan}
		client := p.newClient(t, channels.OAuth(&renewing{}))
		failed, held := 0, 0
		yielded := map[string]bool{}
		for d := range client.Deliver(t.Context(), numbered(messages, conversations)) {
			id := d.Request.ID
			if yielded[id] {
				t.Errorf("%s was yielded twice", id)
			}
			yielded[id] = true
			applied := p.appliedTo("receiveMessage", id)
			switch {
			case d.Err == nil && (applied == 0 || d.Message.ID != id):
				t.Errorf("%s was lost: reported as done", id)
			case errors.Is(d.Err, channels.ErrConversationHeldBack):
				held++
				if applied > 0 {
					t.Errorf("%s was applied, and reported as held back", id)
				}
			case d.Err != nil:
				failed++
			}
		}
		t.Logf("%d of %d failed, %d held back behind them; %d requests", failed, messages, held, len(p.requests()))
		if len(yielded) != messages || failed > messages/200 || held > failed*messages/conversations {
			t.Errorf("%d were yielded, %d failed and %d held back, want all, at most %d and those behind", len(yielded), failed, held, messages/200)
		}
		p.checkOrder(t)
	})
}

// checkOrder checks that in no conversation a message came after a later one.
func (p *pipedrive) checkOrder(t *testing.T) {
	t.Helper()
	newest := map[string]int{}
	for _, r := range p.requests() {
		var n int
		if _, err := fmt.Sscanf(r.id, "message-%d", &n); err != nil {
			continue // cut off before it said which
		}
		if n < newest[r.conversation] {
			t.Errorf("%s: message %d came after %d", r.conversation, n, newest[r.conversation])
		}
		newest[r.conversation] = n
	}
}

// Nothing works any more: the client does not answer that with many times the requests.
func TestOutage(t *testing.T) {
	t.Parallel()
	const messages, mostRetries = 400, 20
	for name, s := range map[string]step{
		"nobody listens":        {breaks: refused},
		"closed on accept":      {breaks: accepted},
		"nobody answers":        {breaks: silent},
		"503":                   {answer: answer{status: 503, body: page}},
		"503, come back in 5 s": {answer: answer{status: 503, header: "Retry-After: 5\r\n", body: page}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, deliver := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					p := &pipedrive{plan: &sequence{steps: []step{s}, forGood: true}}
					watch := &watch{}
					client := p.newClient(t, apiToken, watch.observer())
					failed := 0
					if deliver {
						for d := range client.Deliver(t.Context(), numbered(messages, messages)) {
							if d.Err != nil {
								failed++
							}
						}
					} else {
						errs, _ := callAll(t, operations[0], client, messages)
						failed = len(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))
					}
					if attempts := len(watch.attempts); failed != messages || attempts > messages+mostRetries || attempts < messages {
						t.Errorf("deliver %v: %d attempts, %d messages failed; want at most %d attempts", deliver, attempts, failed, messages+mostRetries)
					}
				})
			}
		})
	}
}
