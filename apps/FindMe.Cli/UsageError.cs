using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace FindMe.Cli;

/// <summary>Explains a mistake in a command line in one line, and says what to do.</summary>
internal static class UsageError
{
    // "albun" is within two typos of no other name than album.
    private const int MaxTypos = 2;

    /// <summary>Returns what is wrong with a command line; null if it can be run.</summary>
    /// <remarks>Explains the first mistake: the others are often only its consequences.</remarks>
    public static string? Find(ParseResult parsed)
    {
        if (FindUnknown(parsed) is { } unknown)
        {
            return Explain(parsed, unknown);
        }

        if (parsed.Action is not ParseErrorAction)
        {
            return null;
        }

        var error = parsed.Errors[0];
        var text = error.SymbolResult switch
        {
            CommandResult { Command.Subcommands: [_, ..] subcommands } => $"A command is missing: {string.Join(", ", subcommands.Select(command => command.Name))}.",
            CommandResult or ArgumentResult { Parent: CommandResult } when MissingArgument(parsed.CommandResult) is { } missing => $"{missing} is missing.",
            _ when NumberOption(parsed, error) is { } option => $"{option.IdentifierToken?.Value} takes a number, not “{option.Tokens[^1].Value}”.",
            _ => error.Message,
        };
        return $"{text} {HelpFor(parsed.CommandResult)}";
    }

    // If a command takes several files, a mistyped option counts as one more. A file with such a name must be given as ./--name or after "--".
    private static string? FindUnknown(ParseResult parsed) =>
        parsed.UnmatchedTokens is [var unmatched, ..]
            ? unmatched
            : parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
                .FirstOrDefault(token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal))?.Value;

    private static string Explain(ParseResult parsed, string unknown)
    {
        // "findme albun album": the parser continues with a later word that it knows, but the unknown word belongs to the earlier command.
        var command = parsed.CommandResult;
        var tokens = parsed.Tokens.ToList();
        var place = tokens.FindIndex(token => token.Value == unknown);
        while (command.Parent is CommandResult parent && tokens.FindIndex(token => token == command.IdentifierToken) > place)
        {
            command = parent;
        }

        var (what, names) = unknown.StartsWith('-') ? ("option", command.Command.Options.Select(option => option.Name))
            : command.Command.Subcommands.Count > 0 ? ("command", command.Command.Subcommands.Select(subcommand => subcommand.Name))
            : ("argument", []);
        var nearest = names.Select(name => (Name: name, Typos: CountTypos(name, unknown))).Where(name => name.Typos <= MaxTypos).OrderBy(name => name.Typos).Select(name => name.Name).FirstOrDefault();
        return $"Unknown {what} “{unknown}”. {(nearest is null ? "" : $"Did you mean {nearest}? ")}{HelpFor(command)}";
    }

    // Number of letters to insert, delete, replace or swap with the next: the optimal string alignment distance. System.CommandLine has it too,
    // but suggests nothing for an option if the command takes files.
    private static int CountTypos(string name, string typed)
    {
        var typos = new int[name.Length + 1, typed.Length + 1];
        for (var i = 0; i <= name.Length; i++)
        {
            for (var j = 0; j <= typed.Length; j++)
            {
                typos[i, j] = i == 0 ? j : j == 0 ? i : Math.Min(
                    Math.Min(typos[i - 1, j], typos[i, j - 1]) + 1,
                    typos[i - 1, j - 1] + (name[i - 1] == typed[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && name[i - 1] == typed[j - 2] && name[i - 2] == typed[j - 1])
                {
                    typos[i, j] = Math.Min(typos[i, j], typos[i - 2, j - 2] + 1);
                }
            }
        }

        return typos[name.Length, typed.Length];
    }

    private static string? MissingArgument(CommandResult command) =>
        command.Command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && command.GetResult(argument) is not { Tokens.Count: > 0 })?.Name;

    private static OptionResult? NumberOption(ParseResult parsed, ParseError error) =>
        error.Message.StartsWith("Cannot parse argument", StringComparison.Ordinal)
            ? parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(option => option.Tokens.Count > 0 && error.Message.Contains($"'{option.IdentifierToken?.Value}'", StringComparison.Ordinal))
            : null;

    private static string HelpFor(CommandResult command) => $"See: {string.Join(' ', (string[])["findme", .. PathOf(command)])} --help";

    private static IEnumerable<string> PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? PathOf(parent).Append(command.Command.Name) : [];
}
