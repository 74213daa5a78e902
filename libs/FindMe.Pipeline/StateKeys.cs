namespace FindMe.Pipeline;

/// <summary>The keys of the state store, one line per kind of document.</summary>
public static class StateKeys
{
    /// <summary>The Dapr state store component. All apps share its keys (<c>keyPrefix: none</c>).</summary>
    public const string Store = "statestore";

    /// <summary>A <see cref="Pipeline.Person"/>: consent, and the ids of their references and searches.</summary>
    public static string Person(string person) => $"person/{person}";

    /// <summary>A person's wrapped key; without it none of their references can be decrypted.</summary>
    public static string PersonKey(string person) => $"person/{person}/key";

    /// <summary>A <see cref="EncryptedReference"/>: an embedding encrypted under the person's key.</summary>
    public static string Reference(string person, string reference) => $"person/{person}/reference/{reference}";

    /// <summary>The person's judgements of faces, an <see cref="EncryptedDocument"/>.</summary>
    public static string Judgements(string person) => $"person/{person}/judgements";

    /// <summary>The tokens of an account that the person is signed in with, encrypted under the person's key.</summary>
    public static string Account(string person, string network) => $"person/{person}/account/{network}";

    /// <summary>An account that the person has not linked yet, encrypted under their key.</summary>
    public static string PendingAccount(string person) => $"person/{person}/sign-in";

    /// <summary>The person whose data a code opens in another browser. The key contains a hash of the code.</summary>
    public static string BrowserCode(string hash) => $"browser-code/{hash}";

    /// <summary>The person that an account of a network belongs to. The key contains a hash of the account.</summary>
    public static string AccountOwner(string network, string hash) => $"account/{network}/{hash}";

    /// <summary>A <see cref="Pipeline.Search"/>: its references, its source and its progress.</summary>
    public static string Search(string search) => $"search/{search}";

    /// <summary>The trip report of a search, an <see cref="EncryptedDocument"/>.</summary>
    public static string Report(string search) => $"search/{search}/report";

    /// <summary>The links by which a search's person shares photos of it.</summary>
    public static string Shares(string search) => $"search/{search}/shares";

    /// <summary>What one of those links shows. Its token stands there as a hash.</summary>
    public static string Share(string hash) => $"share/{hash}";

    /// <summary>A <see cref="Pipeline.Upload"/>: its owner, and the names of its photos.</summary>
    public static string Upload(string upload) => $"upload/{upload}";

    /// <summary>The photos of an upload that outlive it.</summary>
    public static string KeptPhotos(string upload) => $"upload/{upload}/kept";

    /// <summary>The <see cref="FailureList"/>: searches with exhausted deliveries, for the operator.</summary>
    public const string Failures = "failures";

    /// <summary>The people who are deleting everything, until all of it is deleted.</summary>
    public const string Deleting = "leaving";

    /// <summary>A value encrypted with the key ring, to detect when the ring can no longer decrypt.</summary>
    public const string KeyRingSample = "key-ring";

    /// <summary>The number of searches that a person or an address started in a day, or the uploads of an address in a day.</summary>
    public static string Allowance(string whoAndWhen) => $"allowance/{whoAndWhen}";

    /// <summary>The searches that have not ended, with their last known progress.</summary>
    public const string OpenSearches = "open-searches";

    /// <summary>Never written: apps read it at start to open their connection to the store.</summary>
    public const string WarmUp = "warm-up";

    /// <summary>A <see cref="PhotoBatch"/>: photos of one page and their verdicts.</summary>
    /// <param name="search">The search.</param>
    /// <param name="listing">The listing that wrote it.</param>
    /// <param name="batch">The batch's index on its page, from 0.</param>
    public static string Batch(string search, int listing, int batch) => $"search/{search}/batch/{listing}-{batch}";
}
