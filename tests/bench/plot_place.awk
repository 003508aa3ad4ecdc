# SPDX-License-Identifier: MIT
# plot_place.awk: an SVG of the time of a placement over the number of workers, from lines of dtss-bench --plain place.
function key(name,   i) {
	for (i = 3; i <= NF; i++)
		if (index($i, name "=") == 1)
			return substr($i, length(name) + 2)
	return ""
}
function log10(v) { return log(v) / log(10) }
function x_of(v) { return 70 + (log10(v) - x_min) / (x_max - x_min) * 500 }
function y_of(v) { return 330 - (log10(v) - y_min) / (y_max - y_min) * 290 }
function floor(v,   n) { n = int(v); return n > v ? n - 1 : n }
function amount(v) { return v >= 1e6 ? v / 1e6 " M" : v >= 1e3 ? v / 1e3 " k" : v "" }
function duration(v) { return v >= 1e6 ? v / 1e6 " ms" : v >= 1e3 ? v / 1e3 " µs" : v " ns" }
function add(name, workers, ns) {
	if (ns + 0 <= 0)
		return
	if (!(name in points))
		names[++count] = name
	points[name] = points[name] " " workers ":" ns
	lowest = lowest == "" || ns + 0 < lowest ? ns + 0 : lowest
	highest = ns + 0 > highest ? ns + 0 : highest
	fewest = fewest == "" || workers + 0 < fewest ? workers + 0 : fewest
	most = workers + 0 > most ? workers + 0 : most
}
$1 == "bench" && $2 == "place" && key("case") == "random" {
	add("libdtss: the " (key("level") == "verb" ? "whole verb" : "decision"), key("workers"), key("ns"))
	if (key("level") == "decision") {
		add("filter and sort", key("workers"), key("naive_ns"))
		add("one cache-missing load", key("workers"), key("miss_ns"))
	}
}
END {
	if (count == 0) {
		print "plot_place.awk: no line of bench place" > "/dev/stderr"
		exit 1
	}
	split("#0b6e4f #3a7ca5 #b23a48 #888888", colours, " ")
	x_min = floor(log10(fewest)); x_max = floor(log10(most) + 0.999); x_max += x_max == x_min
	y_min = floor(log10(lowest)); y_max = floor(log10(highest) + 0.999); y_max += y_max == y_min
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 380\" font-family=\"sans-serif\" font-size=\"12\">"
	print "<rect width=\"760\" height=\"380\" fill=\"#ffffff\"/>"
	print "<text x=\"70\" y=\"22\" font-size=\"14\">Time of a placement over the number of workers</text>"
	for (i = x_min; i <= x_max; i++)
		printf "<path d=\"M%.1f 40V330\" stroke=\"#dddddd\"/><text x=\"%.1f\" y=\"348\" text-anchor=\"middle\">%s</text>\n",
			x_of(10 ^ i), x_of(10 ^ i), amount(10 ^ i)
	for (i = y_min; i <= y_max; i++)
		printf "<path d=\"M70 %.1fH570\" stroke=\"#dddddd\"/><text x=\"64\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			y_of(10 ^ i), y_of(10 ^ i) + 4, duration(10 ^ i)
	print "<text x=\"320\" y=\"368\" text-anchor=\"middle\">workers</text>"
	for (n = 1; n <= count; n++) {
		pairs = split(points[names[n]], pair, " ")
		path = ""
		for (i = 1; i <= pairs; i++) {
			split(pair[i], at, ":")
			path = path sprintf("%s%.1f %.1f", i == 1 ? "M" : "L", x_of(at[1]), y_of(at[2]))
			printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x_of(at[1]), y_of(at[2]), colours[n]
		}
		printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path, colours[n]
		printf "<text x=\"580\" y=\"%.1f\" fill=\"%s\">%s</text>\n", 50 + n * 20, colours[n], names[n]
	}
	print "</svg>"
}
