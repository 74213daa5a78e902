using System.Text.Json;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Holds the operator's Bluesky session in memory. Created on first use and again when it expires.</summary>
/// <remarks>All searches of this process share it: a server allows 30 new sessions per account in five minutes.</remarks>
internal sealed class BlueskySession(AccountCalls calls, OutsideHttp http, IOptions<BlueskyOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private Session? _session;

    /// <summary>Sends a GET request to the server that holds the operator's account.</summary>
    /// <exception cref="SourceException">The server rejects the operator's app password.</exception>
    /// <exception cref="SourceUnavailableException">The server does not answer.</exception>
    public async Task<FetchedAnswer> GetAsync(string path, CancellationToken cancellationToken)
    {
        var session = await CurrentAsync(refused: null, cancellationToken);
        var answer = await calls.GetAsync(session.AccessJwt, new Uri(session.Server, path), cancellationToken);
        if (!AccountCalls.IsRefused(answer))
        {
            return answer;
        }

        session = await CurrentAsync(refused: session, cancellationToken);
        return await calls.GetAsync(session.AccessJwt, new Uri(session.Server, path), cancellationToken);
    }

    public void Dispose() => _gate.Dispose();

    private async Task<Session> CurrentAsync(Session? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _session is { } current && current != refused ? current : _session = await CreateAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<Session> CreateAsync(CancellationToken cancellationToken)
    {
        FetchedAnswer answer;
        try
        {
            answer = await http.SendAsync(
                NetworkTokens.CreateBlueskySession(options.Value.Service, options.Value.Identifier!, options.Value.AppPassword!), cancellationToken);
        }
        catch (FetchException exception)
        {
            throw new SourceUnavailableException($"{options.Value.Service.Host} could not be reached: {exception.Message}", mayHaveCost: false);
        }

        if ((int)answer.Status is 429 or >= 500)
        {
            throw new SourceUnavailableException($"Bluesky answered FindMe's sign-in with status {(int)answer.Status}.", mayHaveCost: false);
        }

        if (!answer.IsSuccess || TryRead(answer.Body) is not { } session)
        {
            throw new SourceException(new SearchProblem(
                "bluesky-refused", "Bluesky rejects FindMe's own account.", "Sign in with Bluesky, or ask the operator to renew FindMe's app password; then continue the search."));
        }

        return session;
    }

    // The DID document names the server that holds the account; it can differ from the one that signed it in.
    private Session? TryRead(byte[] body)
    {
        try
        {
            var json = JsonDocument.Parse(body).RootElement;
            var server = options.Value.Service;
            if (json.TryGetProperty("didDoc", out var document) && document.TryGetProperty("service", out var services))
            {
                server = services.EnumerateArray()
                    .Where(service => service.TryGetProperty("id", out var id) && id.GetString() is "#atproto_pds")
                    .Select(service => Uri.TryCreate(service.GetProperty("serviceEndpoint").GetString(), UriKind.Absolute, out var endpoint) ? endpoint : null)
                    .FirstOrDefault(endpoint => endpoint is not null) ?? server;
            }

            return json.TryGetProperty("accessJwt", out var token) && token.GetString() is { } jwt ? new Session(server, jwt) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private sealed record Session(Uri Server, string AccessJwt);
}
