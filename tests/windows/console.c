/* Starts a program in a console of its own, with variables of its own, as
 * `console.exe NAME=VALUE... PROGRAM ARGUMENT...`, and does what it reads on
 * standard input: `c` presses Ctrl+C and `b` Ctrl+Break in that console; `k` ends the
 * program alone, as the task manager does; the rest of standard input after `i` is the
 * program's own, which has none otherwise. It writes to pipes of Windows, closed as
 * soon as nobody reads what comes out here. Exits as the program does. */
#include <windows.h>
#include <stdio.h>

static HANDLE program, input;

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

struct stream {
  HANDLE from, to;
};

static DWORD WINAPI relay(void *argument) {
  struct stream *stream = argument;
  char bytes[65536];
  DWORD length, written;

  while (ReadFile(stream->from, bytes, sizeof bytes, &length, NULL))
    if (!WriteFile(stream->to, bytes, length, &written, NULL)) break;
  CloseHandle(stream->from);
  return 0;
}

/* Makes a pipe for one of the program's streams; returns its end of it. */
static HANDLE make_pipe(struct stream *stream, DWORD number) {
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  HANDLE end;

  stream->to = GetStdHandle(number);
  CreatePipe(&stream->from, &end, &inherited, 0);
  SetHandleInformation(stream->from, HANDLE_FLAG_INHERIT, 0);
  return end;
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
  HANDLE into, relaying[2];
  static struct stream streams[2];
  DWORD code;
  wchar_t *line = after_word(GetCommandLineW());

  for (int i = 1; i < count && wcschr(words[i], L'=') != NULL; i++) {
    wchar_t *value = wcschr(words[i], L'=');
    *value++ = 0;
    SetEnvironmentVariableW(words[i], *value == 0 ? NULL : value);
    line = after_word(line);
  }
  input = GetStdHandle(STD_INPUT_HANDLE);
  startup.hStdOutput = make_pipe(&streams[0], STD_OUTPUT_HANDLE);
  startup.hStdError = make_pipe(&streams[1], STD_ERROR_HANDLE);
  CreatePipe(&startup.hStdInput, &into, &inherited, 0);
  SetHandleInformation(into, HANDLE_FLAG_INHERIT, 0);
  if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup,
                      &process)) {
    fprintf(stderr, "console: cannot start the program: %lu\n", GetLastError());
    return 98;
  }
  CloseHandle(startup.hStdInput);
  CloseHandle(startup.hStdOutput);
  CloseHandle(startup.hStdError);
  for (int i = 0; i < 2; i++)
    relaying[i] = CreateThread(NULL, 0, relay, &streams[i], 0, NULL);
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
  WaitForMultipleObjects(2, relaying, TRUE, 10000);
  GetExitCodeProcess(program, &code);
  ExitProcess(code);
}
