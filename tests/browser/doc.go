// Package browser drives the emulator's pages and the example messenger's by Chromium, as people use them: the
// round trip between both, many tabs, a lost connection, no JavaScript, the keyboard alone, hostile texts. axe-core, which others wrote,
// judges each page. Screenshots of what it saw land in shots/.
//
// It needs Chromium (Debian's package; CHROMIUM names another) and Node to install axe-core; make test-browser
// runs it. It is a module of its own, so that nobody who imports pdchannels sees these dependencies.
package browser
