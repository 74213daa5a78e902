using System.CommandLine;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>A command failed; the message is one line that says what is wrong and what to do.</summary>
/// <param name="message">The line.</param>
internal sealed class CommandException(string message) : Exception(message);

/// <summary>Runs a command. Every failure becomes one line on standard error and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Exit code: done, and if the command searches for a person, found.</summary>
    public const int Done = 0;

    /// <summary>Exit code: done, but nobody was found.</summary>
    public const int NotFound = 1;

    /// <summary>Exit code: something went wrong, and standard error says what.</summary>
    public const int Failed = 2;

    // Prints the stack trace of an unexpected exception, for developers.
    private const string StackVariable = "FINDME_STACK";

    // 128 plus the number of SIGINT, as shells report it.
    private const int Interrupted = 130;

    // 128 plus the number of SIGPIPE, as shells report a program whose reader has exited.
    private const int ReaderLeft = 141;

    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        // Not disposed: the watching thread lives as long as the process.
        var readerLeft = new CancellationTokenSource();
        OutputReader.Watch(readerLeft);
        try
        {
            var parsed = root.Parse(args is [] ? ["--help"] : args);
            if (UsageError.Find(parsed) is { } error)
            {
                Complain(error);
                return Failed;
            }

            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, readerLeft.Token);
        }
        catch (OperationCanceledException)
        {
            return readerLeft.IsCancellationRequested ? ReaderLeft : Interrupted;
        }
        catch (Exception exception)
        {
            var first = exception is AggregateException several ? several.Flatten().InnerExceptions[0] : exception;
            if (first is OperationCanceledException)
            {
                return readerLeft.IsCancellationRequested ? ReaderLeft : Interrupted;
            }

            var isExpected = first is CommandException or ModelException or FaceVectorsException or PeopleException or VideoException or HttpRequestException or PhotoException or IOException or UnauthorizedAccessException;
            Complain(isExpected ? first.Message : $"Internal error, please report it: {first.GetType().Name}: {first.Message} Set {StackVariable}=1 to see the stack trace.");
            if (!isExpected && Environment.GetEnvironmentVariable(StackVariable) == "1")
            {
                Console.Error.WriteLine(exception);
            }

            return Failed;
        }
    }

    /// <summary>Writes a message to standard error as one line; control characters are escaped.</summary>
    public static void Complain(string message) => Console.Error.WriteLine($"findme: {Screen.OneLine(message)}");
}
