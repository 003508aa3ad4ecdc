# SPDX-License-Identifier: MIT
# plot_peers.awk: an SVG of tasks a second of dtssd and its peers, from lines of bench-peers --plain.
function key(name,   i) {
	for (i = 3; i <= NF; i++)
		if (index($i, name "=") == 1)
			return substr($i, length(name) + 2)
	return ""
}
function log10(v) { return log(v < 1 ? 1 : v) / log(10) }
function amount(v) { return v >= 1e6 ? v / 1e6 " M" : v >= 1e3 ? v / 1e3 " k" : v "" }
function width(v) { return log10(v) / 6 * 440 }
function bar(y, v, colour) {
	printf "<rect x=\"220\" y=\"%d\" width=\"%.1f\" height=\"8\" fill=\"%s\"/>\n", y, width(v), colour
	printf "<text x=\"%.1f\" y=\"%d\" font-size=\"9\">%d</text>\n", 224 + width(v), y + 8, v
}
$1 == "bench" && $2 == "peers" {
	name = key("durable") SUBSEP key("system") " " key("version") ", " key("settings")
	if (!(name in single) && !(name in batched))
		names[++count] = name
	if (key("batch") == 1)
		single[name] = key("tasks_per_s")
	else
		batched[name] = key("tasks_per_s")
	connections = key("connections")
}
END {
	if (count == 0) {
		print "plot_peers.awk: no line of bench peers" > "/dev/stderr"
		exit 1
	}
	split("no second yes", kinds, " ")
	titles["no"] = "in memory"; titles["second"] = "written once a second"; titles["yes"] = "durable before the answer"
	height = 60 + (count + 3) * 24 + 20
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 %d\" font-family=\"sans-serif\" font-size=\"12\">\n", height
	printf "<rect width=\"760\" height=\"%d\" fill=\"#ffffff\"/>\n", height
	printf "<text x=\"20\" y=\"22\" font-size=\"14\">Tasks a second: put, take, finish over %d connections</text>\n", connections
	print "<rect x=\"470\" y=\"13\" width=\"10\" height=\"10\" fill=\"#3a7ca5\"/><text x=\"484\" y=\"22\">one by one</text>"
	print "<rect x=\"560\" y=\"13\" width=\"10\" height=\"10\" fill=\"#0b6e4f\"/><text x=\"574\" y=\"22\">batched</text>"
	for (i = 0; i <= 6; i++)
		printf "<path d=\"M%.1f 36V%d\" stroke=\"#dddddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			220 + width(10 ^ i), height - 22, 220 + width(10 ^ i), height - 8, amount(10 ^ i)
	y = 36
	for (k = 1; k <= 3; k++) {
		printf "<text x=\"20\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y + 14, titles[kinds[k]]
		y += 24
		for (n = 1; n <= count; n++) {
			split(names[n], part, SUBSEP)
			if (part[1] != kinds[k])
				continue
			printf "<text x=\"212\" y=\"%d\" text-anchor=\"end\">%s</text>\n", y + 12, part[2]
			bar(y, single[names[n]] + 0, "#3a7ca5")
			bar(y + 9, batched[names[n]] + 0, "#0b6e4f")
			y += 24
		}
	}
	print "</svg>"
}
