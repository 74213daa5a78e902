using System.Net;
using System.Net.Http.Headers;
using FindMe.Pipeline;

namespace FindMe.Networks;

/// <summary>Asks networks as a person or as the operator. A person's token that is refused is renewed once.</summary>
internal sealed class AccountCalls(OutsideHttp http, Accounts accounts)
{
    /// <summary>A person's access to a network; null when they are not signed in there.</summary>
    /// <exception cref="SourceUnavailableException">It had to be renewed, and the network could not be reached.</exception>
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

    /// <summary>Asks as a person.</summary>
    /// <param name="person">The person.</param>
    /// <param name="account">Their access.</param>
    /// <param name="url">What to ask; of the account's own server.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">The network takes no token of this account any more.</exception>
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
            "signed-out", $"{account.Server.Host} no longer lets FindMe in with your account.", "Sign in again, then continue the search: it goes on where it stopped."));
    }

    /// <summary>Asks as a person where they are signed in, else as the operator.</summary>
    /// <param name="person">The person.</param>
    /// <param name="account">Their access; null: they are not signed in there.</param>
    /// <param name="operatorToken">The operator's token; null: there is none.</param>
    /// <param name="url">What to ask; of the account's own server.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SourceException">The network takes no token of this account any more.</exception>
    /// <exception cref="SourceUnavailableException">The network could not be reached.</exception>
    public Task<FetchedAnswer> GetAsync(string person, AccountToken? account, string? operatorToken, Uri url, CancellationToken cancellationToken) =>
        account is null ? GetAsync(operatorToken, url, cancellationToken) : GetAsync(person, account, url, cancellationToken);

    /// <summary>Asks with a token, or without one.</summary>
    /// <exception cref="SourceUnavailableException">The network could not be reached, or its answer could not be read.</exception>
    public async Task<FetchedAnswer> GetAsync(string? token, Uri url, CancellationToken cancellationToken)
    {
        try
        {
            var authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            return await http.SendAsync(new FetchRequest(url) { Accept = "application/json", Authorization = authorization }, cancellationToken);
        }
        catch (FetchException exception)
        {
            throw new SourceUnavailableException($"{url.Host} cannot be asked: {exception.Message}", mayHaveCost: true);
        }
    }

    /// <summary>Whether the network does not take the token. Bluesky says with 400 that one has expired.</summary>
    public static bool IsRefused(FetchedAnswer answer) =>
        answer.Status == HttpStatusCode.Unauthorized
        || (answer.Status == HttpStatusCode.BadRequest
            && (answer.Body.AsSpan().IndexOf("\"ExpiredToken\""u8) >= 0 || answer.Body.AsSpan().IndexOf("\"InvalidToken\""u8) >= 0));
}
