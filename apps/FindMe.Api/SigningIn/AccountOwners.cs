using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;

namespace FindMe.Api;

/// <summary>What became of somebody who signed in.</summary>
internal enum Linked
{
    /// <summary>The account is theirs now, or was before.</summary>
    Done,

    /// <summary>It belongs to a person with things of their own, and this browser's person has some too.</summary>
    OtherPerson,

    /// <summary>They deleted everything meanwhile.</summary>
    Gone,
}

/// <summary>Which person an account belongs to: who signs in with it in another browser is the same person there.</summary>
internal sealed class AccountOwners(DaprClient dapr, Accounts accounts, ILogger<AccountOwners> logger)
{
    /// <summary>Gives an account to the caller, or the caller's browser to the account's person.</summary>
    public async Task<Linked> LinkAsync(HttpContext context, Caller caller, SignedIn signedIn, CancellationToken cancellationToken)
    {
        var key = signedIn.Account.OwnerKey();
        var owner = await dapr.GetStateAsync<Owner>(StateKeys.Store, key, cancellationToken);
        var person = caller.Id;
        if (owner is not null && owner.Person != caller.Id
            && await dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(owner.Person), cancellationToken) is { Leaving: false } known
            && known.Accounts.Any(account => account.OwnerKey() == key))
        {
            if (caller.Person.References.Count + caller.Person.Searches.Count + caller.Person.Accounts.Count > 0)
            {
                return Linked.OtherPerson;
            }

            person = owner.Person;
            await dapr.DeleteStateAsync(StateKeys.Store, StateKeys.Person(caller.Id), cancellationToken);
        }

        // A cookie that somebody has planted in this browser before must not show what comes now: one that links a new account alone stays.
        var session = Callers.NewSession();
        var (network, account) = (signedIn.Account.Network, signedIn.Account);
        await accounts.SaveAsync(person, signedIn.Secrets, Callers.Retention, cancellationToken);
        var written = await dapr.UpdatePersonAsync(
            person,
            current => current with
            {
                Accounts = [.. current.Accounts.Where(other => other.Network != network), account],
                Sessions = current.Accounts.Any(other => other.OwnerKey() == key) ? current.WithSession(session) : [session],
            },
            cancellationToken);
        if (written is null)
        {
            await accounts.RevokeAsync(person, network, cancellationToken);
            return Linked.Gone;
        }

        await dapr.SaveStateAsync(StateKeys.Store, key, new Owner(person), Callers.Retention, cancellationToken);
        await Callers.SignInAsync(context, person, session);
        SignInLog.SignedIn(logger, network);
        return Linked.Done;
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
