/* Starts a program in a console of its own, with variables of its own, as
 * `console.exe NAME=VALUE... PROGRAM ARGUMENT...`, and does what it reads on
 * standard input: `c` presses Ctrl+C and `b` Ctrl+Break in that console; `k` ends the
 * program alone, as the task manager does; the rest of standard input after `i` is the
 * program's own, which has none otherwise. Its standard output is a pipe of Windows,
 * closed as soon as nobody reads what comes out here. Exits as the program does. */
#include <windows.h>
#include <stdio.h>

static HANDLE program, input, output;

/* The events are for the program, not for who sends them. */
static BOOL WINAPI ignore(DWORD event) {
  (void)event;
  return TRUE;
}

static DWORD WINAPI obey(void *into) {
  char command, bytes[4096];
  DWORD length, written;

  while (ReadFile(input, &command, 1, &length, NULL) && length == 1) {
    if (command == 'c') GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    if (command == 'b') GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0);
    if (command == 'k') TerminateProcess(program, 99);
    if (command != 'i') continue;
    while (ReadFile(input, bytes, sizeof bytes, &length, NULL) && length > 0)
      if (!WriteFile(into, bytes, length, &written, NULL)) break;
    break;
  }
  CloseHandle(into);
  return 0;
}

static DWORD WINAPI relay(void *from) {
  char bytes[65536];
  DWORD length, written;

  while (ReadFile(from, bytes, sizeof bytes, &length, NULL))
    if (!WriteFile(output, bytes, length, &written, NULL)) break;
  CloseHandle(from);
  return 0;
}

/* The command line after its first word, as it was given. */
static wchar_t *after_word(wchar_t *line) {
  BOOL quoted = FALSE;

  for (; *line && (quoted || *line != L' '); line++)
    if (*line == L'"') quoted = !quoted;
  while (*line == L' ') line++;
  return line;
}

int wmain(int count, wchar_t **words) {
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
  PROCESS_INFORMATION process;
  HANDLE into, from, relaying;
  DWORD code;
  wchar_t *line = after_word(GetCommandLineW());

  for (int i = 1; i < count && wcschr(words[i], L'=') != NULL; i++) {
    wchar_t *value = wcschr(words[i], L'=');
    *value++ = 0;
    SetEnvironmentVariableW(words[i], *value == 0 ? NULL : value);
    line = after_word(line);
  }
  input = GetStdHandle(STD_INPUT_HANDLE);
  output = GetStdHandle(STD_OUTPUT_HANDLE);
  startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  CreatePipe(&startup.hStdInput, &into, &inherited, 0);
  SetHandleInformation(into, HANDLE_FLAG_INHERIT, 0);
  CreatePipe(&from, &startup.hStdOutput, &inherited, 0);
  SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
  if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup,
                      &process)) {
    fprintf(stderr, "console: cannot start the program: %lu\n", GetLastError());
    return 98;
  }
  CloseHandle(startup.hStdInput);
  CloseHandle(startup.hStdOutput);
  relaying = CreateThread(NULL, 0, relay, from, 0, NULL);
  program = process.hProcess;
  FreeConsole();
  /* The program makes its console while it starts. */
  for (int tries = 0; !AttachConsole(process.dwProcessId); tries++) {
    if (tries == 100) fprintf(stderr, "console: no console: %lu\n", GetLastError());
    if (tries >= 100 || WaitForSingleObject(program, 50) == WAIT_OBJECT_0) break;
  }
  SetConsoleCtrlHandler(ignore, TRUE);
  CloseHandle(CreateThread(NULL, 0, obey, into, 0, NULL));
  WaitForSingleObject(program, INFINITE);
  WaitForSingleObject(relaying, 10000);
  GetExitCodeProcess(program, &code);
  ExitProcess(code);
}
