using Dapr.Client;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>The result of linking an account.</summary>
internal enum LinkResult
{
    /// <summary>The account is linked to the user.</summary>
    Linked,

    /// <summary>The account is linked to another person with searches, and the user did not ask to move it.</summary>
    LinkedElsewhere,

    /// <summary>The user deleted everything in the meantime.</summary>
    PersonDeleted,
}

/// <summary>Records which person an account is linked to, one at a time. An account alone grants access to nobody's searches.</summary>
/// <remarks>
/// Anybody can control an account, for example by running a Mastodon instance. So signing in never gives a browser access to another person's
/// data; that takes a code from a browser that has access (<see cref="OtherBrowsers"/>).
/// </remarks>
internal sealed class AccountOwners(DaprClient dapr, Accounts accounts, PersonKeys keys, ILogger<AccountOwners> logger)
{
    /// <summary>Whether the account is linked to another person who has data here.</summary>
    public async Task<bool> HasOtherOwnerAsync(string person, AccountSummary account, CancellationToken cancellationToken) =>
        await OtherOwnerAsync(person, account, cancellationToken) is { Document.HasData: true };

    /// <summary>Links an account to the user.</summary>
    /// <param name="context">The user's request: their browser gets a new session.</param>
    /// <param name="user">The user.</param>
    /// <param name="pending">The account.</param>
    /// <param name="moveHere">Whether to unlink it from another person who has data here.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<LinkResult> LinkAsync(HttpContext context, CurrentUser user, PendingAccount pending, bool moveHere, CancellationToken cancellationToken)
    {
        var (network, account) = (pending.Account.Network, pending.Account);
        var key = account.OwnerKey();
        if (await OtherOwnerAsync(user.Id, account, cancellationToken) is { } other)
        {
            if (other.Document.HasData && !moveHere)
            {
                return LinkResult.LinkedElsewhere;
            }

            await accounts.RevokeAsync(other.Person, network, cancellationToken);
        }

        if (user.Person.Accounts.Any(other => other.Network == network && other.OwnerKey() != key))
        {
            // One account per network: revoke the access of the earlier one.
            await accounts.RevokeAsync(user.Id, network, cancellationToken);
        }

        // Linking a new account ends all other sessions, so that a cookie that an attacker planted in this browser cannot show what follows. From the
        // first write on nothing is cancellable, because only the new cookie grants access.
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
            return LinkResult.PersonDeleted;
        }

        await CurrentUsers.SignInAsync(context, user.Id, session);
        SignInLog.SignedIn(logger, network);
        return LinkResult.Linked;
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

    /// <summary>The person that an account is linked to.</summary>
    private sealed record Owner(string Person) : Document;
}

/// <summary>Log lines about sign-ins. They never contain a token, a code, an address with one, or an app password.</summary>
internal static partial class SignInLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "A person signed in with {Network}.")]
    public static partial void SignedIn(ILogger logger, string network);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sign-in with {Network} failed: {Reason}")]
    public static partial void Failed(ILogger logger, string network, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rejected a sign-in response of {Network} that does not belong to this browser's attempt.")]
    public static partial void Mismatch(ILogger logger, string network);
}
