using System.Globalization;
using System.Text;
using FindMe.Pipeline;

namespace FindMe.Load;

/// <summary>From the time a photo takes to what a conference takes: the table of docs/scale.md.</summary>
internal static class Scale
{
    // Azure Container Apps, Consumption, at work (docs/azure.md): a replica of Compare has one core and 2 GiB.
    private const double DollarsPerReplicaSecond = 0.000024 + (2 * 0.000003);

    // Service Bus Standard beyond the operations that are in its price: publish, deliver and settle a photo, and its share of the waves.
    private const double DollarsPerOperation = 0.8e-6;
    private const double OperationsPerPhoto = 10;

    // A replica is told to go only after KEDA's cooldown has passed with nothing to do (infra/modules/app.bicep).
    private const int CooldownSeconds = 300;

    private const int Photos = 100_000;
    private const int Searches = 20;

    private static readonly int[] Replicas = [1, 2, 5, 10, 20, 50, 100];

    /// <summary>Makes the table.</summary>
    /// <param name="secondsPerPhoto">Of one core, fetched, compared and settled.</param>
    public static string Table(double secondsPerPhoto)
    {
        var table = new StringBuilder();
        table.AppendLine($"| replicas of Compare | photos per second | {Photos:N0} photos take | age of an event, {Searches} concurrent searches | age, one search | dollars for {Photos:N0} photos |");
        table.AppendLine("|---|---|---|---|---|---|");
        foreach (var replicas in Replicas)
        {
            var rate = replicas / secondsPerPhoto;
            // Between half a batch and one and a half are under way.
            var perSearch = PhotoBatch.Size;

            // One search alone keeps no more replicas busy than it has photos under way.
            var alone = Math.Min(replicas, perSearch) / secondsPerPhoto;
            var dollars = (Photos * secondsPerPhoto * DollarsPerReplicaSecond)
                + (replicas * CooldownSeconds * DollarsPerReplicaSecond)
                + (Photos * OperationsPerPhoto * DollarsPerOperation);
            table.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {replicas} | {rate:0.#} | {Duration(Photos / rate)} | {Duration(Searches * perSearch / rate)} | {Duration(perSearch / alone)} | {dollars:0.00} |"));
        }

        return table.ToString();
    }

    private static string Duration(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.#} h"),
    };
}
