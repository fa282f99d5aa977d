package check_test

import "testing"

func TestAConformingAppPasses(t *testing.T) {
	t.Parallel()
	report := checkApp(t, fault{})
	t.Log(report)
	for _, c := range report.Checks {
		t.Log(c.Name, c.Verdict, c.Reason, len(c.Exchanges))
	}
}
