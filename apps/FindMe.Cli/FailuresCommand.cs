using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Cli;

/// <summary>findme failures list|retry: what a running FindMe gave up, for its operator.</summary>
internal static class FailuresCommand
{
    // Not an option: command lines are visible in the shell's history and in the list of processes.
    private const string KeyVariable = "FINDME_OPERATOR_KEY";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static readonly Option<string> Server = new("--server")
    {
        Description = "Address of FindMe.Api.",
        DefaultValueFactory = _ => "http://localhost:5100",
        HelpName = "URL",
        Recursive = true,
    };

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Write one JSON object per line." };
        var list = new Command("list", "Lists the searches in which something was given up: search, time, number of photos (0: the search itself), last event.") { json };
        list.SetAction(async (parsed, cancellationToken) =>
        {
            foreach (var failure in await ListAsync(parsed, cancellationToken))
            {
                Console.WriteLine(parsed.GetValue(json)
                    ? JsonSerializer.Serialize(failure, FailuresJson.Default.FailureView)
                    : Screen.OneLine($"{failure.SearchId}") + $"\t{failure.LastAt:u}\t{failure.Photos}\t{Screen.OneLine(failure.LastEvent)}");
            }

            return CommandLine.Done;
        });

        var searches = new Argument<string[]>("SEARCH") { Description = "Ids of searches on the list.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Retry all searches on the list." };
        var retry = new Command("retry", "Retries the photos and searches that were given up.") { searches, all };
        retry.Validators.Add(result =>
        {
            if ((result.GetValue(searches) is { Length: > 0 }) == result.GetValue(all))
            {
                result.AddError("Name the searches, or use --all.");
            }
        });
        retry.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = parsed.GetValue(all) ? (await ListAsync(parsed, cancellationToken)).Select(failure => failure.SearchId) : parsed.GetRequiredValue(searches);
            var failed = 0;
            foreach (var search in wanted)
            {
                using var answer = await SendAsync(parsed, HttpMethod.Post, $"operator/failures/{Uri.EscapeDataString(search)}/retry", cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    Console.WriteLine(Screen.OneLine(search));
                }
                else
                {
                    failed++;
                    CommandLine.Complain($"{search}: {(answer.StatusCode == HttpStatusCode.NotFound ? "not on the list, or the key is wrong." : $"the server returned {(int)answer.StatusCode}.")}");
                }
            }

            return failed == 0 ? CommandLine.Done : CommandLine.Failed;
        });
        return new Command("failures", $"Lists what a running FindMe gave up, and retries it. The operator's key is read from {KeyVariable}.") { list, retry, Server };
    }

    private static async Task<IReadOnlyList<FailureView>> ListAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(parsed, HttpMethod.Get, "operator/failures", cancellationToken);
        try
        {
            return answer.IsSuccessStatusCode
                ? await answer.Content.ReadFromJsonAsync(FailuresJson.Default.IReadOnlyListFailureView, cancellationToken) ?? []
                : throw new CommandException(answer.StatusCode == HttpStatusCode.NotFound
                    ? $"The server rejected the operator's key: set {KeyVariable} to its Operator__Key."
                    : $"The server returned {(int)answer.StatusCode}.");
        }
        catch (JsonException)
        {
            throw new CommandException("The server at this address is not FindMe.Api. Check --server.");
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(ParseResult parsed, HttpMethod method, string path, CancellationToken cancellationToken)
    {
        var key = Environment.GetEnvironmentVariable(KeyVariable);
        if (string.IsNullOrWhiteSpace(key))
        {
            throw new CommandException($"The operator's key is missing: set {KeyVariable} to the server's Operator__Key.");
        }

        if (!Uri.TryCreate(parsed.GetRequiredValue(Server).TrimEnd('/') + "/" + path, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new CommandException("--server must be an address such as http://localhost:5100.");
        }

        // The key must not be sent to the target of a redirect.
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout };
        using var request = new HttpRequestMessage(method, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Trim());
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new CommandException($"Could not reach FindMe.Api at {address.GetLeftPart(UriPartial.Authority)}: {exception.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException($"FindMe.Api at {address.GetLeftPart(UriPartial.Authority)} did not respond within {Timeout.TotalSeconds:0} s.");
        }
    }
}

/// <summary>A search in which something was given up.</summary>
internal sealed record FailureView(string SearchId, string LastEvent, DateTimeOffset LastAt, int Photos);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<FailureView>))]
[JsonSerializable(typeof(FailureView))]
internal sealed partial class FailuresJson : JsonSerializerContext;
