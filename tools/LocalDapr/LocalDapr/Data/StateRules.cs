namespace LocalDapr;

/// <summary>What came of a write.</summary>
internal enum StateOutcome
{
    /// <summary>Written.</summary>
    Done,

    /// <summary>The ETag or the first-write condition does not hold: 409.</summary>
    Mismatch,

    /// <summary>The ETag is none of this store: 400.</summary>
    InvalidETag,

    /// <summary>The store answered with an error that daprd does not take for a conflict: 500.</summary>
    Failed,
}

/// <summary>Applies writes by the rules of the store that is imitated.</summary>
internal static class StateRules
{
    /// <summary>Applies each write it can. The first that meets an ETag error decides the answer, else the first that failed.</summary>
    public static StateOutcome ApplyEach(Session session, StoreProfile profile, string store, IReadOnlyList<StateWrite> writes, long now)
    {
        var outcomes = writes.Select(write => Apply(session, profile, store, write, now)).ToArray();
        var refusal = Array.Find(outcomes, outcome => outcome is StateOutcome.Mismatch or StateOutcome.InvalidETag);
        return refusal != StateOutcome.Done ? refusal : outcomes.Contains(StateOutcome.Failed) ? StateOutcome.Failed : StateOutcome.Done;
    }

    public static StateOutcome ApplyAll(Session session, StoreProfile profile, string store, IReadOnlyList<StateWrite> writes, long now)
    {
        if (profile == StoreProfile.Redis)
        {
            return RedisState.Transact(session, store, writes, now);
        }

        return StateTable.ApplyAll(session, store, writes, now) ? StateOutcome.Done : StateOutcome.Mismatch;
    }

    private static StateOutcome Apply(Session session, StoreProfile profile, string store, StateWrite write, long now) =>
        profile == StoreProfile.Redis ? RedisState.Apply(session, store, write, now, marksFirstWrite: true)
        : StateTable.Apply(session, store, write, now) ? StateOutcome.Done
        : profile == StoreProfile.PostgreSql && write is { Value: not null, ETag: null } ? StateOutcome.Failed
        : StateOutcome.Mismatch;
}
