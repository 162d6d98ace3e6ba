-- Health of a ChessCluster, from its conditions and observedGeneration. What the operator has not seen yet is
-- Progressing, so that no sync wave and no person takes the old generation's health for the new one's.
local function verdict(status, message)
  return {status = status, message = message}
end

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local function said(kind)
  return conditions[kind].reason .. ": " .. (conditions[kind].message or "")
end

if status.observedGeneration == nil or conditions.Ready == nil then
  return verdict("Progressing", "waiting for the operator to look at it")
end
local generation = obj.metadata.generation or 0
if tonumber(status.observedGeneration) ~= tonumber(generation) then
  return verdict("Progressing", "waiting for the operator to see generation " .. generation)
end
if obj.spec.paused then
  return verdict("Suspended", "paused: nothing is scaled, drained or changed")
end
if holds("Degraded") then
  -- a node that is still being made is no failure: Karpenter and the cluster autoscaler are at work
  if conditions.Degraded.reason == "Unschedulable" then
    return verdict("Progressing", said("Degraded"))
  end
  return verdict("Degraded", said("Degraded"))
end
if holds("RolloutPending") then
  return verdict("Suspended", said("RolloutPending"))
end
if not holds("Ready") then
  return verdict("Progressing", said("Ready"))
end
return verdict("Healthy", said("Ready"))
