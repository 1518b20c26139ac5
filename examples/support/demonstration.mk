# What `make.ts` makes when it is called without arguments.

# Two that wait for each other: each comes to its end only beside the other.
app: main.o parse.o
	cat main.o parse.o | xargs echo linked:
main.o: pipes
	echo hello from main.o > first
	cat second
	echo main > main.o
parse.o: pipes
	cat first
	echo hello from parse.o > second
	echo parse > parse.o
pipes:
	mkfifo first second

# More than there are places.
six: a b c d e f
a b c d e f:
	true

# One that would go on for long, and one that fails when that is at work.
check: serve test
serve: ready
	echo serving > ready
	exec sleep 60
test: ready
	cat ready
	echo expected 7, but got 8 >&2
	exit 3
ready:
	mkfifo ready

# One that fails, and one that does not care.
report: lint spell
	echo nobody gets here
lint:
	echo word.c: unused: n >&2
	exit 1
spell:
	echo no mistakes

# What cannot be made.
hen: egg
egg: hen
cake: flour
