/* rampart completion bash|zsh: a script that asks this command for words, so that it never falls behind the tables. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/cli.h"
#include "host/cli/session.h"

static const char bash_script[] =
    "# bash completion of rampart and strun; load with: eval \"$(rampart completion bash)\"\n"
    "_rampart()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} words\n"
    "    if [[ $cur == = ]]; then cur=; fi\n"
    "    if [[ $cur == -* || $COMP_CWORD -le 2 ]]; then\n"
    "        words=$(rampart completion words \"${COMP_WORDS[@]:0:COMP_CWORD}\" 2>/dev/null)\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "        [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
    "    fi\n"
    "    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then\n"
    "        compopt -o filenames\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "    fi\n"
    "}\n"
    "complete -F _rampart rampart strun\n";

static const char zsh_script[] =
    "#compdef rampart strun\n"
    "# zsh completion of rampart and strun; load with: eval \"$(rampart completion zsh)\"\n"
    "_rampart()\n"
    "{\n"
    "    local -a words_known plain valued\n"
    "    words_known=(${(f)\"$(rampart completion words \"${(@)words[1,CURRENT-1]}\" 2>/dev/null)\"})\n"
    "    valued=(${(M)words_known:#*=})\n"
    "    plain=(${words_known:#*=})\n"
    "    if [[ $PREFIX == -* ]] || (( CURRENT <= 3 )); then\n"
    "        compadd -a plain\n"
    "        compadd -S '' -a valued\n"
    "    fi\n"
    "    _files\n"
    "}\n"
    "compdef _rampart rampart strun\n";

static void print_targets(void)
{
    size_t n;
    const rp_pipeline *const *pipelines = rp_pipeline_all(&n);
    for (size_t i = 0; i < n; i++) {
        (void)puts(pipelines[i]->name);
        for (const char *const *alias = pipelines[i]->aliases; *alias; alias++)
            (void)puts(*alias);
    }
    const rp_step *const *steps = rp_step_all(&n);
    for (size_t i = 0; i < n; i++)
        (void)puts(steps[i]->name);
}

static void print_options(const rp_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)printf("--%s%s\n", options[i].name, options[i].kind == RP_OPTION_FLAG ? "" : "=");
}

/* argv: the words of `run` so far, from the verb on. */
static void print_run_words(int argc, char **argv)
{
    rp_error err;
    rp_session session = {0};
    const int target = rp_arguments_find_target(argc, argv);
    size_t n;
    const rp_option *options = rp_command_options(&n);
    if (target < 0) {
        print_targets();
        print_options(options, n);
    } else if (!rp_session_target(&session, argv[target], &err) &&
               !rp_options_of(&session.options, &session.noptions, &session.target, &err)) {
        print_options(session.options, session.noptions);
    }
    rp_session_clear(&session);
}

/* argv: "words", then the words of the command line before the one to be completed. */
static void print_words(int argc, char **argv)
{
    const char *slash = argc > 1 ? strrchr(argv[1], '/') : NULL;
    const char *command = argc > 1 ? (slash ? slash + 1 : argv[1]) : "rampart";
    if (strcmp(command, "strun") == 0) {
        print_run_words(argc - 1, argv + 1);
    } else if (argc > 2 && strcmp(argv[2], "run") == 0) {
        print_run_words(argc - 2, argv + 2);
    } else if (argc > 2 && strcmp(argv[2], "completion") == 0) {
        (void)puts("bash\nzsh");
    } else if (argc <= 2) {
        size_t n;
        const rp_verb *verbs = rp_verbs(&n);
        for (size_t i = 0; i < n; i++)
            (void)puts(verbs[i].name);
    }
}

int rp_verb_completion(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "words") == 0) {
        print_words(argc - 1, argv + 1);
        return RP_EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "bash") == 0) {
        (void)fputs(bash_script, stdout);
        return RP_EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "zsh") == 0) {
        (void)fputs(zsh_script, stdout);
        return RP_EXIT_OK;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)puts("Usage: rampart completion bash|zsh\n\nPrints a completion script; load it with\n"
                   "  eval \"$(rampart completion bash)\"");
        return RP_EXIT_OK;
    }
    return rp_cli_usage_error("completion", "say for which shell: bash or zsh");
}
