using System.Net;
using System.Net.Http.Headers;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Sends requests to networks as a person or as the operator. Renews a person's rejected token once.</summary>
internal sealed class AccountCalls(OutsideHttp http, Accounts accounts)
{
    /// <summary>Returns a person's access to a network; null when they are not signed in there.</summary>
    /// <exception cref="SourceUnavailableException">The token had to be renewed, and the network could not be reached.</exception>
    public async Task<AccountToken?> TokenAsync(string person, string network, CancellationToken cancellationToken)
    {
        try
        {
            return await accounts.TokenAsync(person, network, cancellationToken);
        }
        catch (FetchException exception)
        {
            throw new SourceUnavailableException(exception.Message, mayHaveCost: false);
        }
    }

    /// <summary>Sends a GET request as a person.</summary>
    /// <param name="person">The person.</param>
    /// <param name="account">Their access token.</param>
    /// <param name="url">The address to request, on the account's own server.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="SourceException">The network rejects this account's tokens, also after a renewal.</exception>
    /// <exception cref="SourceUnavailableException">The network could not be reached.</exception>
    public async Task<FetchedAnswer> GetAsync(string person, AccountToken account, Uri url, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(account.AccessToken, url, cancellationToken);
        if (!IsRefused(answer))
        {
            return answer;
        }

        AccountToken? renewed;
        try
        {
            renewed = await accounts.RefreshAsync(person, account, cancellationToken);
        }
        catch (FetchException exception)
        {
            throw new SourceUnavailableException(exception.Message, mayHaveCost: false);
        }

        if (renewed is not null)
        {
            answer = await GetAsync(renewed.AccessToken, url, cancellationToken);
            if (!IsRefused(answer))
            {
                return answer;
            }

            await accounts.EndAsync(person, account.Network, cancellationToken);
        }

        throw new SourceException(new SearchProblem(
            "signed-out", $"{account.Server.Host} no longer accepts your sign-in.", "Sign in again, then continue the search: it resumes where it stopped."));
    }

    /// <summary>Sends a GET request as a person if they are signed in, else as the operator.</summary>
    /// <param name="person">The person.</param>
    /// <param name="account">Their access token; null when they are not signed in there.</param>
    /// <param name="operatorToken">The operator's token; null if there is none.</param>
    /// <param name="url">The address to request, on the account's own server.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="SourceException">The network rejects this account's tokens, also after a renewal.</exception>
    /// <exception cref="SourceUnavailableException">The network could not be reached.</exception>
    public Task<FetchedAnswer> GetAsync(string person, AccountToken? account, string? operatorToken, Uri url, CancellationToken cancellationToken) =>
        account is null ? GetAsync(operatorToken, url, cancellationToken) : GetAsync(person, account, url, cancellationToken);

    /// <summary>Sends a GET request with a token, or without one.</summary>
    /// <exception cref="SourceUnavailableException">The network could not be reached, or its response could not be read.</exception>
    public async Task<FetchedAnswer> GetAsync(string? token, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            var authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            return await http.SendAsync(new FetchRequest(url) { Accept = "application/json", Authorization = authorization }, cancellationToken);
        }
        catch (FetchException exception)
        {
            throw new SourceUnavailableException($"{url.Host} could not be reached: {exception.Message}", mayHaveCost: true);
        }
    }

    /// <summary>Whether the network rejected the token. Bluesky reports an expired token with status 400.</summary>
    public static bool IsRefused(FetchedAnswer answer) =>
        answer.Status == HttpStatusCode.Unauthorized
        || (answer.Status == HttpStatusCode.BadRequest
            && (answer.Body.AsSpan().IndexOf("\"ExpiredToken\""u8) >= 0 || answer.Body.AsSpan().IndexOf("\"InvalidToken\""u8) >= 0));
}
