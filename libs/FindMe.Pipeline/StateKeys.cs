namespace FindMe.Pipeline;

/// <summary>Where things lie in the state store: one line a kind of document.</summary>
public static class StateKeys
{
    /// <summary>The Dapr state store component. All apps share its keys (<c>keyPrefix: none</c>).</summary>
    public const string Store = "statestore";

    /// <summary>A <see cref="Pipeline.Person"/>: consent, and the ids of their references and searches.</summary>
    public static string Person(string person) => $"person/{person}";

    /// <summary>The key of a person, wrapped; without it none of their references can be read.</summary>
    public static string PersonKey(string person) => $"person/{person}/key";

    /// <summary>A <see cref="EncryptedReference"/>: an embedding encrypted under the person's key.</summary>
    public static string Reference(string person, string reference) => $"person/{person}/reference/{reference}";

    /// <summary>What the person says of faces, an <see cref="EncryptedDocument"/>.</summary>
    public static string Judgements(string person) => $"person/{person}/judgements";

    /// <summary>The tokens of an account that the person is signed in with, encrypted under the person's key.</summary>
    public static string Account(string person, string network) => $"person/{person}/account/{network}";

    /// <summary>An account that the person has not linked yet, encrypted under their key.</summary>
    public static string PendingAccount(string person) => $"person/{person}/sign-in";

    /// <summary>Whose things a code opens in another browser. The code stands there as a hash.</summary>
    public static string BrowserCode(string hash) => $"browser-code/{hash}";

    /// <summary>Which person an account of a network belongs to. The account stands there as a hash.</summary>
    public static string AccountOwner(string network, string hash) => $"account/{network}/{hash}";

    /// <summary>A <see cref="Pipeline.Search"/>: who, where, and how far the listing has come.</summary>
    public static string Search(string search) => $"search/{search}";

    /// <summary>The trip report of a search, an <see cref="EncryptedDocument"/>.</summary>
    public static string Report(string search) => $"search/{search}/report";

    /// <summary>The links by which a search's person shares photos of it.</summary>
    public static string Shares(string search) => $"search/{search}/shares";

    /// <summary>What one of those links shows. Its token stands there as a hash.</summary>
    public static string Share(string hash) => $"share/{hash}";

    /// <summary>A <see cref="Pipeline.Upload"/>: whose it is, and the names of its photos.</summary>
    public static string Upload(string upload) => $"upload/{upload}";

    /// <summary>The photos of an upload that outlive it.</summary>
    public static string KeptPhotos(string upload) => $"upload/{upload}/kept";

    /// <summary>The <see cref="FailureList"/>: searches in which something failed every time, for the operator.</summary>
    public const string Failures = "failures";

    /// <summary>The people who are deleting everything, until all of it is gone.</summary>
    public const string Deleting = "leaving";

    /// <summary>Something that the key ring has encrypted, to notice when it can decrypt no longer.</summary>
    public const string KeyRingSample = "key-ring";

    /// <summary>How many searches a person, or an address, has begun in a day; or the uploads that came from an address in a day.</summary>
    public static string Allowance(string whoAndWhen) => $"allowance/{whoAndWhen}";

    /// <summary>The searches that have not ended, and what is known of their progress.</summary>
    public const string OpenSearches = "open-searches";

    /// <summary>Never written: what an app reads while it starts, to open its connection to the store.</summary>
    public const string WarmUp = "warm-up";

    /// <summary>A <see cref="PhotoBatch"/>: photos of one page and their verdicts.</summary>
    /// <param name="search">The search.</param>
    /// <param name="listing">The listing that wrote it.</param>
    /// <param name="batch">Its place on its page, counted from 0.</param>
    public static string Batch(string search, int listing, int batch) => $"search/{search}/batch/{listing}-{batch}";
}
