namespace LocalDapr.Tests;

/// <summary>Reads the broker's tables, for state that the API does not show.</summary>
internal static class Waiting
{
    /// <summary>Waits until every group has settled every event.</summary>
    public static Task NothingAsync(SidecarUnderTest sidecar) =>
        Eventually.TrueAsync(() => Count(sidecar, "SELECT COUNT(*) FROM delivery") == 0);

    public static long Events(SidecarUnderTest sidecar) => Count(sidecar, "SELECT COUNT(*) FROM message");

    public static long Keys(SidecarUnderTest sidecar) => Count(sidecar, "SELECT COUNT(*) FROM state");

    private static long Count(SidecarUnderTest sidecar, string sql) => sidecar.Sidecar.Database.Read(session => (long)session.Scalar(sql)!);
}
