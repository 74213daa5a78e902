using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>What became of an account that was to be linked.</summary>
internal enum Linked
{
    /// <summary>The account is the user's now, or was before.</summary>
    Done,

    /// <summary>Searches in another browser are linked to it, and the user has not said to take it from there.</summary>
    Elsewhere,

    /// <summary>The user deleted everything meanwhile.</summary>
    Gone,
}

/// <summary>Which person an account is linked to. One person at a time; an account alone opens nobody's searches.</summary>
/// <remarks>
/// An account may be anybody's: an instance of Mastodon can be run for this. So signing in never leads a browser to another person's things;
/// that takes a code from a browser that has them (<see cref="OtherBrowsers"/>).
/// </remarks>
internal sealed class AccountOwners(DaprClient dapr, Accounts accounts, PersonKeys keys, ILogger<AccountOwners> logger)
{
    /// <summary>Whether another person who has something here is linked to the account.</summary>
    public async Task<bool> HasOtherOwnerAsync(string person, AccountSummary account, CancellationToken cancellationToken) =>
        await OtherOwnerAsync(person, account, cancellationToken) is { Document.HasThings: true };

    /// <summary>Links an account to the user.</summary>
    /// <param name="context">The user's request: their browser gets a new session.</param>
    /// <param name="user">The user.</param>
    /// <param name="pending">The account.</param>
    /// <param name="moveHere">Whether to take it from another person who has something here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Linked> LinkAsync(HttpContext context, CurrentUser user, PendingAccount pending, bool moveHere, CancellationToken cancellationToken)
    {
        var (network, account) = (pending.Account.Network, pending.Account);
        var key = account.OwnerKey();
        if (await OtherOwnerAsync(user.Id, account, cancellationToken) is { } other)
        {
            if (other.Document.HasThings && !moveHere)
            {
                return Linked.Elsewhere;
            }

            await accounts.RevokeAsync(other.Person, network, cancellationToken);
        }

        if (user.Person.Accounts.Any(other => other.Network == network && other.OwnerKey() != key))
        {
            // One account a network: the earlier one gets its access back.
            await accounts.RevokeAsync(user.Id, network, cancellationToken);
        }

        // A cookie that somebody planted in this browser before must not show what comes now: one that links a new account alone stays. From
        // the first write on the browser must get its new cookie, whatever becomes of its request: no other one opens anything.
        var (session, replaced) = (CurrentUsers.NewSession(), CurrentUsers.SessionOf(context));
        await accounts.SaveAsync(user.Id, pending.Secrets, CurrentUsers.Retention, cancellationToken);
        await dapr.SaveStateAsync(StateKeys.Store, key, new Owner(user.Id), CurrentUsers.Retention, CancellationToken.None);
        var written = await dapr.UpdatePersonAsync(
            user.Id,
            current => current with
            {
                Accounts = [.. current.Accounts.Where(other => other.Network != network), account],
                Sessions = current.Accounts.Any(other => other.OwnerKey() == key) ? current.WithSession(session, replaced) : [session],
            },
            CancellationToken.None);
        if (written is null)
        {
            await accounts.RevokeAsync(user.Id, network, CancellationToken.None);
            await dapr.DeleteStateAsync(StateKeys.Store, key, CancellationToken.None);
            await keys.ShredAsync(user.Id, CancellationToken.None);
            return Linked.Gone;
        }

        await CurrentUsers.SignInAsync(context, user.Id, session);
        SignInLog.SignedIn(logger, network);
        return Linked.Done;
    }

    private async Task<(string Person, Person Document)?> OtherOwnerAsync(string person, AccountSummary account, CancellationToken cancellationToken)
    {
        var key = account.OwnerKey();
        return await dapr.GetStateAsync<Owner>(StateKeys.Store, key, cancellationToken) is { } owner && owner.Person != person
            && await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(owner.Person), cancellationToken) is { Deleting: false } document
            && document.Accounts.Any(other => other.OwnerKey() == key)
            ? (owner.Person, document)
            : null;
    }

    /// <summary>Whose an account is.</summary>
    private sealed record Owner(string Person) : Document;
}

/// <summary>What is said of signing in: never a token, a code, an address with one, or an app password.</summary>
internal static partial class SignInLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Somebody signed in with {Network}.")]
    public static partial void SignedIn(ILogger logger, string network);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Signing in with {Network} failed: {Reason}")]
    public static partial void Failed(ILogger logger, string network, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An answer to a sign-in with {Network} did not belong to this browser's attempt, and was refused.")]
    public static partial void Mismatch(ILogger logger, string network);
}
