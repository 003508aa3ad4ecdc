/* SPDX-License-Identifier: MIT */
#ifndef AGENT_TREE_H
#define AGENT_TREE_H

/* Removes what is at path and all below it; never follows a symbolic link. 0, also when nothing was there; -1: errno. */
int tree_remove(const char *path);
/* The same by a process of its own, because a big tree takes its time; that is a child to reap, called as our helpers are. */
void tree_remove_aside(const char *path);

#endif
