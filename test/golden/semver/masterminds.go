// Asks github.com/Masterminds/semver, the library with which replicant reads and orders tags, what
// test/golden/semver/questions.ts prints, and prints its answers. They are kept in answers.txt.gz. To renew them, with
// Debian's packages golang-go and golang-github-masterminds-semver-dev (3.2.0; the code that reads and compares is that
// of 3.1.1, which replicant names):
//
//	node test/golden/semver/questions.ts |
//	  GO111MODULE=off GOPATH=/usr/share/gocode go run test/golden/semver/masterminds.go |
//	  gzip -9n > test/golden/semver/answers.txt.gz
//
// The selection below is what replicant's documentation says and its users see: dates (a major number above 1024) are
// no versions, prereleases only count when they are allowed or are the wanted one.
package main

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/Masterminds/semver"
)

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	// The first line says to which questions the answers belong.
	fmt.Fprintf(out, "%x\n", sha256.Sum256(input))
	lines := strings.Split(string(input), "\n")

	tags, lines := section(lines)
	versions := make([]*semver.Version, len(tags))
	verdicts := make([]string, len(tags))
	for i, tag := range tags {
		versions[i], verdicts[i] = read(tag)
	}
	ranks := ranksOf(versions)
	for i, version := range versions {
		if version == nil {
			fmt.Fprintln(out, verdicts[i])
			continue
		}
		fmt.Fprintf(out, "%d %d.%d.%d %s\n", ranks[i], version.Major(), version.Minor(), version.Patch(), version.Prerelease())
	}

	lists, lines := section(lines)
	for _, list := range lists {
		parts := strings.Split(list, "|")
		source := selected(parts[0], numbers(parts[1]), versions)
		destination := selected(parts[0], numbers(parts[2]), versions)
		answer := []string{}
		higher := 0
		for _, i := range source {
			answer = append(answer, strconv.Itoa(ranks[i]))
			if len(destination) > 0 && versions[i].GreaterThan(versions[destination[len(destination)-1]]) {
				higher++
			}
		}
		fmt.Fprintf(out, "%s|%d\n", strings.Join(answer, " "), higher)
	}

	pairs, _ := section(lines)
	for _, pair := range pairs {
		parts := strings.Split(pair, "|")
		fmt.Fprintln(out, semver.MustParse(parts[0]).Compare(semver.MustParse(parts[1])))
	}
}

// section reads a line that counts, and so many lines behind it.
func section(lines []string) ([]string, []string) {
	count, err := strconv.Atoi(lines[0])
	if err != nil {
		panic(err)
	}
	return lines[1 : count+1], lines[count+1:]
}

// read gives a version, or why there is none: "-" it is none, "!" it is a wrong one, "date".
func read(tag string) (*semver.Version, string) {
	version, err := semver.NewVersion(tag)
	if errors.Is(err, semver.ErrInvalidSemVer) {
		return nil, "-"
	}
	if err != nil {
		return nil, "!"
	}
	if version.Major() > 1024 {
		return nil, "date"
	}
	return version, ""
}

// ranksOf numbers the versions from the lowest up; equal ones have the same number.
func ranksOf(versions []*semver.Version) []int {
	order := []int{}
	for i, version := range versions {
		if version != nil {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return versions[order[a]].LessThan(versions[order[b]]) })
	ranks := make([]int, len(versions))
	rank := 0
	for position, i := range order {
		if position > 0 && !versions[order[position-1]].Equal(versions[i]) {
			rank++
		}
		ranks[i] = rank
	}
	return ranks
}

// selected filters and sorts as replicant does; each tag once, as in a registry.
func selected(filter string, positions []int, versions []*semver.Version) []int {
	kind, value, _ := strings.Cut(filter, "=")
	chosen := []int{}
	seen := map[int]bool{}
	for _, i := range positions {
		version := versions[i]
		if version == nil || seen[i] {
			continue
		}
		seen[i] = true
		prerelease := version.Prerelease()
		major := strconv.FormatUint(version.Major(), 10)
		switch {
		case kind == "allow-prerelease" && prerelease != "" && value != "true":
		case kind == "compatibility" && prerelease != value:
		case kind == "pinned-major" && (prerelease != "" || major != value):
		default:
			chosen = append(chosen, i)
		}
	}
	sort.SliceStable(chosen, func(a, b int) bool { return versions[chosen[a]].LessThan(versions[chosen[b]]) })
	return chosen
}

func numbers(text string) []int {
	result := []int{}
	for _, field := range strings.Fields(text) {
		number, err := strconv.Atoi(field)
		if err != nil {
			panic(err)
		}
		result = append(result, number)
	}
	return result
}
