// What the page shows.

package app

import (
	"bytes"
	_ "embed" // the page
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("15:04") },
	"exact": func(t time.Time) string { return t.Local().Format("15:04:05") },
	"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"size":  sizeText,
}).Parse(pageText))

// view is the page.
type view struct {
	Version   uint64
	Shop      string
	Who       person
	People    []person
	Days      []day
	Wire      []exchange // the latest first
	Settings  settings
	Installed bool
	Problem   string
}

type person struct {
	ID, Name, Initials string
	Hue                uint32
	Unread             int
	Here               bool
}

type day struct {
	Label string
	Lines []line
}

// line is a message.
type line struct {
	provider.Message
	Own      bool // written by the customer
	Turn     bool // the first of several by one person
	Failure  string
	Pictures []provider.Attachment
	Files    []provider.Attachment
}

// page shows the page. Opening it reads what is on it; the script, which gets the page for other reasons, tells by itself.
func (a *App) page(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Dest") == "document" && r.Header.Get("Sec-Purpose") == "" {
		a.seen(r.FormValue("who"))
	}
	a.show(w, r, http.StatusOK, "")
}

// refuse shows the page with what is wrong.
func (a *App) refuse(w http.ResponseWriter, r *http.Request, status int, problem string) {
	a.show(w, r, status, problem)
}

func (a *App) show(w http.ResponseWriter, r *http.Request, status int, problem string) {
	v := a.view(r.FormValue("who"), time.Now())
	v.Problem = problem
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		a.config.Log.ErrorContext(r.Context(), "messenger: the page", "error", err)
		http.Error(w, "the page cannot be shown; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // fails only if the browser has left
}

func (a *App) view(who string, now time.Time) view {
	conversations := a.conversations()
	a.mu.Lock()
	defer a.mu.Unlock()
	v := view{Version: a.version, Shop: Shop, Settings: a.settings, Installed: a.client != nil}
	for _, e := range a.wire {
		v.Wire = append([]exchange{e}, v.Wire...)
	}
	slices.SortStableFunc(conversations, func(x, y provider.Conversation) int { return latest(y).Compare(latest(x)) })
	if who == "" && len(conversations) > 0 {
		who = conversations[0].ID
	}
	for _, c := range conversations {
		p := newPerson(c)
		if p.Here = p.ID == who; p.Here {
			v.Who, v.Days = p, a.days(c, now)
		}
		v.People = append(v.People, p)
	}
	if v.Who.ID == "" {
		v.Who = person{ID: somebodyNew, Here: true}
	}
	return v
}

func latest(c provider.Conversation) time.Time { return c.Messages[len(c.Messages)-1].CreatedAt }

func newPerson(c provider.Conversation) person {
	p := person{ID: c.ID, Name: c.ID}
	for _, participant := range c.Participants {
		if participant.Role == provider.RoleEndUser {
			p.Name = participant.Name
		}
	}
	for word := range strings.FieldsSeq(p.Name) {
		if letter := []rune(word)[0]; unicode.IsLetter(letter) && len([]rune(p.Initials)) < 2 {
			p.Initials += string(unicode.ToUpper(letter))
		}
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(p.ID))
	p.Hue = hash.Sum32()%6 + 1
	for _, m := range c.Messages {
		if m.SenderID != c.ID && m.Status != provider.StatusRead {
			p.Unread++
		}
	}
	return p
}

func (a *App) days(c provider.Conversation, now time.Time) (days []day) {
	sender := ""
	for _, m := range c.Messages {
		label := dayLabel(m.CreatedAt.Local(), now.Local())
		if len(days) == 0 || days[len(days)-1].Label != label {
			days, sender = append(days, day{Label: label}), ""
		}
		l := line{Message: m, Own: m.SenderID == c.ID, Turn: m.SenderID != sender, Failure: a.failures[m.ID]}
		for _, f := range m.Attachments {
			if isPicture(f.Type) {
				l.Pictures = append(l.Pictures, f)
			} else {
				l.Files = append(l.Files, f)
			}
		}
		sender = m.SenderID
		last := &days[len(days)-1]
		last.Lines = append(last.Lines, l)
	}
	return days
}

func dayLabel(t, now time.Time) string {
	switch midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location()); {
	case !t.Before(midnight):
		return "Today"
	case !t.Before(midnight.AddDate(0, 0, -1)):
		return "Yesterday"
	case !t.Before(midnight.AddDate(0, 0, -6)):
		return t.Format("Monday")
	}
	return t.Format("2 January 2006")
}

func sizeText(bytes float64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%.0f bytes", bytes)
	case bytes < 1e6:
		return fmt.Sprintf("%.0f kB", bytes/1e3)
	}
	return fmt.Sprintf("%.1f MB", bytes/1e6)
}
