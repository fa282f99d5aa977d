// Names of files, made harmless.

package provider

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxNameBytes = 200 // leaves an app room for a prefix within the 255 of most file systems

// harmlessName makes one path element of a name: the last element in the eyes of Unix and
// of Windows, without characters that either forbids or that hide what is there
// (control characters, direction marks). It never begins with a dot and is never empty.
func harmlessName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.Is(unicode.Zs, r): // macOS writes one that is not ' ' into its screenshots' names
			return ' '
		case !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d': // joiners belong to Persian words and to emoji
			return -1
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimLeft(name, ". "), ". ")
	if stem, _, _ := strings.Cut(name, "."); reserved(stem) {
		name = "_" + name
	}
	if len(name) > maxNameBytes {
		name = shorten(name)
	}
	if name == "" {
		return "file"
	}
	return name
}

// reserved reports whether Windows takes stem for a device.
func reserved(stem string) bool {
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	rest, com := strings.CutPrefix(stem, "COM")
	if !com {
		rest, com = strings.CutPrefix(stem, "LPT")
	}
	return com && utf8.RuneCountInString(rest) == 1 && strings.Contains("0123456789¹²³", rest)
}

// shorten cuts the stem and keeps the extension, so that it still tells the type.
func shorten(name string) string {
	ext := ""
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 && len(name)-dot <= 20 {
		ext = name[dot:]
	}
	stem := name[:maxNameBytes-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + ext
}
