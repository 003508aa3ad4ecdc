/* SPDX-License-Identifier: MIT */
#ifndef AGENT_TREE_H
#define AGENT_TREE_H

/* Removes what is at path and all below it; never follows a symbolic link. 0, also when nothing was there; -1: errno. */
int tree_remove(const char *path);

#endif
